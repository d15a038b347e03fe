import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { openMemory } from '../../store/memory.ts';
import { realWorld } from '../../world/real.ts';
import { layout } from './layout.ts';
import { codeIn, toMessage } from './message.ts';
import { CONTENT_SECURITY_POLICY, renderPage } from './page.ts';
import { createInbox } from './port.ts';
import { MOST_MESSAGES, sweepAccount } from './sweep.ts';

const world = realWorld();
const mail = {
  kind: 'email',
  account: '000000000000',
  to: 'ada@example.com',
  from: 'no-reply@example.com',
} as const;

test('a delivered message is a row of the transaction, and old ones are swept', async () => {
  const store = openMemory({ world });
  const inbox = createInbox(world);
  await assert.rejects(
    store.transact(async (tx) => {
      inbox.deliver(tx, { ...mail, subject: 'Lost', text: 'lost' });
      throw new Error('no');
    }),
  );
  const { messages } = layout.at(mail.account, '');
  assert.equal((await messages.page(store, [])).rows.length, 0);
  await store.transact(async (tx) => {
    for (let i = 0; i < MOST_MESSAGES + 5; i++) inbox.deliver(tx, { ...mail, text: `mail ${i}` });
  });
  await sweepAccount({ store }, mail.account);
  assert.equal((await messages.all(store, [])).length, MOST_MESSAGES);
  await store.close();
});

test('the page shows words, never markup of a message', () => {
  const message = toMessage({
    key: [0, 'a"b'],
    value: {
      kind: 'email',
      to: '<b>',
      from: 'x',
      subject: '<script>alert(1)</script>',
      text: 'Your code is 123456. See https://example.com/?a=1&b="><script>',
    },
  });
  const page = renderPage([message], '000000000000');
  assert.ok(!page.includes('<script>alert'));
  assert.ok(page.includes('&lt;script&gt;alert(1)'));
  assert.ok(page.includes('href="https://example.com/?a=1&amp;b="'));
  assert.ok(page.includes('data-code="123456"'));
  assert.match(CONTENT_SECURITY_POLICY, /default-src 'none'/);
});

test('codes are found where they stand alone', () => {
  assert.equal(codeIn('Your confirmation code is 042917'), '042917');
  assert.equal(codeIn('order A-123456'), undefined);
  assert.equal(codeIn('+15551234567'), undefined);
});
