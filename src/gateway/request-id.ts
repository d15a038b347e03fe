import type { World } from '../world/world.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const POOL = 4096;

/** Makes request ids: 52 characters for DynamoDB, as its clients expect, a UUID for every other service. */
export function requestIds(world: World): (service: string) => string {
  let pool: Uint8Array = new Uint8Array(0);
  let at = 0;
  function long(): string {
    if (at + 52 > pool.length) {
      pool = world.random.bytes(POOL);
      at = 0;
    }
    let text = '';
    for (let i = 0; i < 52; i++) text += BASE32[(pool[at++] as number) & 31];
    return text;
  }
  return (service) =>
    service === 'dynamodb' || service === 'dynamodbstreams' ? long() : world.random.uuid();
}
