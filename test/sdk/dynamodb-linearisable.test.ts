import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { startLambent } from 'lambent/testing';
import { seededRandom } from '../../src/world/simulated.ts';
import { JsonClient } from '../support/json-client.ts';
import { isLinearisable, type Operation } from '../support/linearisability.ts';
import { type Action, type Call, RegisterClient, registers, TABLE } from '../support/registers.ts';
import { scaled } from '../support/tier.ts';

const CLIENTS = 16;
const ACTIONS = 15;
const HISTORIES = scaled(100, 3);

function caller(client: JsonClient): Call {
  return async (operation, input) => {
    const { status, output } = await client.dynamodb(operation, input);
    if (status === 200) return { output };
    const fault = String(output['__type']).split('#').at(-1) ?? '';
    const known = /^(ConditionalCheckFailed|TransactionCanceled|Throttling)Exception$/;
    assert.match(fault, known, JSON.stringify(output));
    const reasons = (output['CancellationReasons'] ?? []) as readonly { readonly Code: string }[];
    return { fault, reasons: reasons.map(({ Code }) => Code), output };
  };
}

test(`${HISTORIES} histories of ${CLIENTS} clients' conditional writes and transactions are linearisable`, async () => {
  const lambent = await startLambent();
  const clients = Array.from({ length: CLIENTS }, () => new JsonClient(lambent.port));
  const [admin] = clients as [JsonClient];
  const seed = Number(process.env['LAMBENT_SEED'] ?? Date.now() % 1_000_000_007);
  const random = seededRandom(seed);
  try {
    for (let round = 0; round < HISTORIES; round++) {
      if (round > 0) await admin.dynamodb('DeleteTable', { TableName: TABLE });
      for (;;) {
        const { status } = await admin.dynamodb('CreateTable', {
          TableName: TABLE,
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          // Half of the histories with a stream, at whose end writers queue.
          ...(round % 2 === 0
            ? {}
            : { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } }),
        });
        if (status === 200) break;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const history: Operation<Action>[] = [];
      let now = 0;
      const recorder = { history, tick: () => now++ };
      await Promise.all(
        clients.map(async (client) => {
          const register = new RegisterClient(caller(client), random, recorder);
          for (let action = 0; action < ACTIONS; action++) await register.act();
        }),
      );
      const swaps = history.filter(({ action }) => action.kind === 'swap' && action.happened).length;
      assert.ok(swaps > 2, `${swaps} swaps happened`);
      assert.ok(
        isLinearisable(registers, history),
        `seed ${seed}, round ${round}: no order fits\n${JSON.stringify(history)}`,
      );
    }
  } finally {
    for (const client of clients) client.close();
    await lambent.stop();
  }
});
