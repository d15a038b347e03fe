import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PublishCommand } from '@aws-sdk/client-sns';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { type MemoryDisk, memoryDisk, openMemory } from '../../src/store/memory.ts';
import { type Lambent, startLambent } from '../../src/testing/index.ts';
import { drain, prepareRelays, QUEUES, relayClients, TOPIC } from '../support/relays.ts';
import { scaled } from '../support/tier.ts';

const ROUNDS = scaled(40, 6);
const CRASHES = scaled(8, 1);
/** A sync takes this long: whoever acknowledges before it is found out. */
const SYNC_MS = 5;
const PATIENCE_MS = 30_000;

/** A server whose disk holds what was synced and nothing else. */
function start(dataFolder: string, disk: MemoryDisk): Promise<Lambent> {
  return startLambent({
    dataFolder,
    openStore: async ({ world }) =>
      openMemory({
        world,
        disk,
        faults: {
          reach: async (point) => {
            if (point === 'sync') await new Promise((resolve) => setTimeout(resolve, SYNC_MS));
          },
          conflict: () => false,
        },
      }),
  });
}

test('what was acknowledged was synced: it arrives from a disk that lost all that was not', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-lost-'));
  const disk = memoryDisk();
  /** What had been acknowledged of each kind at a moment, and what the disk held then. */
  const moments: {
    readonly counts: Readonly<Record<string, number>>;
    readonly image: MemoryDisk['image'];
  }[] = [];
  const counts = { ran: 0, told: 0, sent: 0 };
  const server = await start(dataFolder, disk);
  try {
    const clients = relayClients(server.endpoint);
    const { lambda, sns, sqs } = clients;
    await prepareRelays(clients);
    const acknowledged = (queue: keyof typeof counts) => {
      counts[queue]++;
      moments.push({ counts: { ...counts }, image: disk.image });
    };
    const QueueUrl = `${server.endpoint}/000000000000/sent`;
    await Promise.all([
      (async () => {
        for (let n = 0; n < ROUNDS; n++) {
          const Payload = Buffer.from(`${n}`);
          await lambda.send(new InvokeCommand({ FunctionName: 'runner', InvocationType: 'Event', Payload }));
          acknowledged('ran');
        }
      })(),
      (async () => {
        for (let n = 0; n < ROUNDS; n++) {
          await sns.send(new PublishCommand({ TopicArn: TOPIC, Message: `${n}` }));
          acknowledged('told');
        }
      })(),
      (async () => {
        for (let n = 0; n < ROUNDS; n++) {
          await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `${n}` }));
          acknowledged('sent');
        }
      })(),
    ]);
  } finally {
    await server.stop();
  }
  try {
    for (let crash = 1; crash <= CRASHES; crash++) {
      const moment = moments[Math.floor((moments.length * crash) / (CRASHES + 1))];
      assert.ok(moment !== undefined);
      const again = await start(dataFolder, { image: moment.image });
      try {
        const { sqs } = relayClients(again.endpoint);
        const end = performance.now() + PATIENCE_MS;
        const missing = new Set(
          QUEUES.flatMap((queue) =>
            Array.from({ length: moment.counts[queue] ?? 0 }, (_, n) => `${queue} ${n}`),
          ),
        );
        while (missing.size > 0) {
          for (const queue of QUEUES) {
            for (const body of await drain(sqs, again.endpoint, queue)) {
              const n =
                queue === 'ran' ? (JSON.parse(body) as { requestPayload: number }).requestPayload : body;
              missing.delete(`${queue} ${n}`);
            }
          }
          assert.ok(performance.now() < end, `lost: ${[...missing].join(', ')}`);
        }
      } finally {
        await again.stop();
      }
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
