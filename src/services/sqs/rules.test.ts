import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { changedAttributes, firstDifference, newAttributes } from './attribute.ts';
import type { QueueRow } from './layout.ts';
import { attributesMd5, selectAttributes, storeAttributes } from './message-attribute.ts';
import { openReceipt, sealReceipt } from './receipt.ts';
import { checkRedriveAllowPolicy, parseRedrivePolicy } from './redrive.ts';

const queue = (secret: string): QueueRow => ({
  id: 'q',
  contentId: 'c',
  fifo: false,
  createdAtMs: 0,
  modifiedAtMs: 0,
  secret,
  attributes: {},
  tags: {},
});

test('a receipt handle opens only with the queue that made it', () => {
  const receipt = { key: 'k', receives: 3, group: 'g' };
  const handle = sealReceipt(queue('one'), receipt);
  assert.deepEqual(openReceipt(queue('one'), handle), receipt);
  assert.throws(() => openReceipt(queue('two'), handle), /is not a valid receipt handle/);
  const bytes = Buffer.from(handle, 'base64');
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
  assert.throws(() => openReceipt(queue('one'), bytes.toString('base64')));
  assert.throws(() => openReceipt(queue('one'), ''));
});

test('attributes are digested as clients do', () => {
  const digest = attributesMd5({
    b: { type: 'Binary', binary: Buffer.from([1, 2, 3]).toString('base64') },
    a: { type: 'String', text: 'x' },
  });
  // Worked out by hand from the developer guide's description.
  assert.equal(digest, 'aff7372f244d3ebae020d15edb230ef6');
});

test('message attributes are checked and chosen', () => {
  const stored = storeAttributes({
    'a.b': { DataType: 'String', StringValue: '1' },
    'a.c': { DataType: 'Number.int', StringValue: '-1e3' },
    d: { DataType: 'Binary', BinaryValue: Uint8Array.of(0) },
  });
  assert.deepEqual(Object.keys(selectAttributes(stored, ['a.*']) ?? {}), ['a.b', 'a.c']);
  assert.equal(selectAttributes(stored, ['x']), undefined);
  assert.deepEqual(Object.keys(selectAttributes(stored, ['All']) ?? {}).length, 3);
  const refused = (DataType: string, StringValue: string | undefined, name: string, reason: RegExp) =>
    assert.throws(() => storeAttributes({ [name]: { DataType, StringValue } }), reason);
  refused('Text', 'x', 'a', /invalid message attribute type/);
  refused('', 'x', 'a', /non-empty message attribute type/);
  refused('String', '', 'a', /non-empty value of type 'String'/);
  refused('Number', 'one', 'a', /Can't cast/);
  refused('String', 'x', 'AWS.a', /name/);
  refused('String', 'x', 'a..b', /name/);
});

test('queue attributes follow their rules', () => {
  const made = newAttributes({ KmsMasterKeyId: 'alias/aws/sqs' });
  assert.deepEqual([made['SqsManagedSseEnabled'], made['KmsDataKeyReusePeriodSeconds']], ['false', '300']);
  const managed = changedAttributes(made, { SqsManagedSseEnabled: 'true' });
  assert.equal(managed['KmsMasterKeyId'], undefined);
  assert.throws(() => newAttributes({ ContentBasedDeduplication: 'true' }), /Unknown Attribute/);
  assert.throws(() => newAttributes({ DelaySeconds: '901' }), /Invalid value for the parameter DelaySeconds/);
  assert.throws(
    () => newAttributes({ FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' }),
    /allowed only when/,
  );
  assert.throws(() => newAttributes({ Policy: '{' }), /parameter Policy/);
  const a = { RedrivePolicy: '{"maxReceiveCount":3,"deadLetterTargetArn":"x"}', DelaySeconds: '0' };
  assert.equal(
    firstDifference(a, { RedrivePolicy: '{"deadLetterTargetArn":"x","maxReceiveCount":"3"}' }),
    undefined,
  );
  assert.equal(firstDifference(a, { DelaySeconds: '1' }), 'DelaySeconds');
});

test('redrive policies name a queue and a count', () => {
  const arn = 'arn:aws:sqs:us-east-1:000000000000:dead';
  const policy = parseRedrivePolicy(JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: '5' }));
  assert.deepEqual([policy.target.name, policy.mostReceives], ['dead', 5]);
  for (const text of ['[]', 'x', '{}', `{"deadLetterTargetArn":"${arn}","maxReceiveCount":0}`]) {
    assert.throws(() => parseRedrivePolicy(text), /for parameter RedrivePolicy is invalid/);
  }
  checkRedriveAllowPolicy(`{"redrivePermission":"byQueue","sourceQueueArns":["${arn}"]}`);
  assert.throws(() => checkRedriveAllowPolicy('{"redrivePermission":"byQueue"}'));
  assert.throws(() => checkRedriveAllowPolicy('{"redrivePermission":"some"}'));
});
