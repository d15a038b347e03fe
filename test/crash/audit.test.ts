import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../../src/world/simulated.ts';
import { JsonClient } from '../support/json-client.ts';
import { startServer } from '../support/process.ts';
import { scaled } from '../support/tier.ts';
import { until } from '../support/until.ts';

const KILLS = scaled(20, 2);
const WRITERS = 4;

/** Makes log groups until the connection breaks; adds those it was told of. */
async function write(port: number, name: () => string, acknowledged: Set<string>): Promise<void> {
  const client = new JsonClient(port);
  try {
    for (;;) {
      const logGroupName = name();
      const { status } = await client.call('logs', 'Logs_20140328.CreateLogGroup', { logGroupName });
      assert.equal(status, 200);
      acknowledged.add(logGroupName);
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  } finally {
    client.close();
  }
}

async function eventsByGroup(client: JsonClient): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  let NextToken: unknown;
  do {
    const { status, output } = await client.call(
      'cloudtrail',
      'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents',
      {
        LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateLogGroup' }],
        ...(NextToken === undefined ? {} : { NextToken }),
      },
    );
    assert.equal(status, 200, JSON.stringify(output));
    for (const { CloudTrailEvent } of output['Events'] as { CloudTrailEvent: string }[]) {
      const { requestParameters } = JSON.parse(CloudTrailEvent) as {
        requestParameters: { logGroupName: string };
      };
      const name = requestParameters.logGroupName;
      found.set(name, (found.get(name) ?? 0) + 1);
    }
    NextToken = output['NextToken'];
  } while (NextToken !== undefined);
  return found;
}

test(`every change that was acknowledged has its one event, after ${KILLS} kills`, async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'lambent-audit-'));
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  const acknowledged = new Set<string>();
  let count = 0;
  const name = () => `/crash/${count++}`;
  try {
    for (let round = 0; round < KILLS; round++) {
      const server = await startServer(['--data', dataFolder, '--quiet']);
      const writers = Array.from({ length: WRITERS }, () => write(server.port, name, acknowledged));
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + WRITERS);
      await new Promise((resolve) => setTimeout(resolve, random.below(300)));
      await server.kill();
      await Promise.all(writers);
    }
    const server = await startServer(['--data', dataFolder, '--quiet']);
    const client = new JsonClient(server.port);
    const events = await eventsByGroup(client);
    client.close();
    await server.stop();
    assert.ok(acknowledged.size > KILLS * WRITERS, 'there was something to lose');
    for (const group of acknowledged) assert.equal(events.get(group), 1, `${group}, seed ${seed}`);
    for (const [group, times] of events) assert.equal(times, 1, `${group}, seed ${seed}`);
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
