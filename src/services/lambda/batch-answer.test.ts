import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { failedItems, readAnswer } from './batch-answer.ts';

const KNOWN = new Set(['a', 'b']);
const failed = (text: string) => {
  const answer = readAnswer(Buffer.from(text));
  const items = answer && failedItems(answer.value, KNOWN);
  return items && [...items];
};

test('an answer names the failed items of a batch', () => {
  assert.deepEqual(failed('{"batchItemFailures":[{"itemIdentifier":"b"}]}'), ['b']);
});

test('answers that name nothing are successes', () => {
  for (const text of ['', 'null', '{}', '{"batchItemFailures":[]}', '{"batchItemFailures":null}']) {
    assert.deepEqual(failed(text), [], text);
  }
});

test('answers nobody can understand are failures of all', () => {
  for (const text of [
    'no json',
    '"text"',
    '{"batchItemFailures":"a"}',
    '{"batchItemFailures":[{"itemIdentifier":""}]}',
    '{"batchItemFailures":[{"itemIdentifier":null}]}',
    '{"batchItemFailures":[{"identifier":"a"}]}',
    '{"batchItemFailures":[{"itemIdentifier":"c"}]}',
    '{"batchItemFailures":[null]}',
  ]) {
    assert.equal(failed(text), undefined, text);
  }
});
