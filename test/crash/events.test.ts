import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PublishCommand } from '@aws-sdk/client-sns';
import { seededRandom } from '../../src/world/simulated.ts';
import { type Started, startServer } from '../support/process.ts';
import { drain, prepareRelays, relayClients, TOPIC } from '../support/relays.ts';
import { scaled } from '../support/tier.ts';
import { until } from '../support/until.ts';

const KILLS = scaled(12, 1);
/** A killed server's jobs are another's ten seconds later. */
const PATIENCE_MS = 40_000;

const endpointOf = ({ port }: Started) => `http://127.0.0.1:${port}`;

test(`every event and message that was accepted arrives, after ${KILLS} kills`, async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-events-'));
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  const wanted = { ran: new Set<number>(), told: new Set<number>() };
  let count = 0;
  let server = await startServer(['--data', dataFolder, '--quiet']);
  try {
    await prepareRelays(relayClients(endpointOf(server)));
    for (let round = 0; round < KILLS; round++) {
      const { lambda, sns } = relayClients(endpointOf(server));
      const work = async (into: Set<number>, send: (n: number) => Promise<unknown>) => {
        for (let n = count++; ; n = count++) {
          try {
            await send(n);
          } catch {
            return;
          }
          into.add(n);
        }
      };
      const workers = [0, 1].flatMap(() => [
        work(wanted.ran, (n) =>
          lambda.send(
            new InvokeCommand({
              FunctionName: 'runner',
              InvocationType: 'Event',
              Payload: Buffer.from(`${n}`),
            }),
          ),
        ),
        work(wanted.told, (n) => sns.send(new PublishCommand({ TopicArn: TOPIC, Message: String(n) }))),
      ]);
      const { ran, told } = wanted;
      const [before, beforeTold] = [ran.size, told.size];
      await until(() => ran.size > before + 1 && told.size > beforeTold + 1);
      await new Promise((resolve) => setTimeout(resolve, 200 + random.below(500)));
      await server.kill();
      await Promise.all(workers);
      server = await startServer(['--data', dataFolder, '--quiet']);
    }
    assert.ok(wanted.ran.size > KILLS && wanted.told.size > KILLS, 'there was something to lose');
    const { sqs } = relayClients(endpointOf(server));
    const end = performance.now() + PATIENCE_MS;
    while (wanted.ran.size + wanted.told.size > 0) {
      for (const body of await drain(sqs, endpointOf(server), 'ran')) {
        wanted.ran.delete((JSON.parse(body) as { requestPayload: number }).requestPayload);
      }
      for (const body of await drain(sqs, endpointOf(server), 'told')) wanted.told.delete(Number(body));
      const left = `${wanted.ran.size} events and ${wanted.told.size} messages are missing, seed ${seed}`;
      assert.ok(performance.now() < end, left);
    }
  } finally {
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
});
