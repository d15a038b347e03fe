import type { World } from '../world/world.ts';

const LETTERS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
const LENGTH = 52;
const POOL = 78 * LENGTH;

/** Makes request ids: 52 characters for DynamoDB, as its clients expect, a UUID for every other service. */
export function requestIds(world: World): (service: string) => string {
  let pool = '';
  let at = 0;
  function long(): string {
    if (at + LENGTH > pool.length) {
      // One text for many ids: a piece of it is found without putting 52 letters together.
      const bytes = world.random.bytes(POOL);
      const letters = Buffer.allocUnsafe(POOL);
      for (let i = 0; i < POOL; i++) letters[i] = LETTERS[(bytes[i] as number) & 31] as number;
      pool = letters.toString('latin1');
      at = 0;
    }
    at += LENGTH;
    return pool.slice(at - LENGTH, at);
  }
  return (service) =>
    service === 'dynamodb' || service === 'dynamodbstreams' ? long() : world.random.uuid();
}
