import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel, modelNames } from './load.ts';
import { merge } from './merge-patch.ts';

test('models are named after the CLI, loaded once, and know their name', () => {
  const names = modelNames();
  assert.ok(names.includes('dynamodb') && names.includes('lambda'));
  assert.ok(!names.includes('overrides'));
  const model = loadModel('sqs');
  assert.equal(model.name, 'sqs');
  assert.equal(model.metadata.targetPrefix, 'AmazonSQS');
  assert.equal(loadModel('sqs'), model);
  assert.throws(() => loadModel('nothing'), /there is a model of nothing/);
});

test('every operation of every model refers to shapes it has', () => {
  for (const name of modelNames()) {
    const { operations, shapes } = loadModel(name);
    const references = Object.values(operations).flatMap(({ input, output, errors }) => [
      ...(input ? [input] : []),
      ...(output ? [output] : []),
      ...(errors ?? []),
    ]);
    for (const { shape } of references) assert.ok(shapes[shape], `${name} has ${shape}`);
  }
});

test('an override merges by member, removes with null and replaces lists', () => {
  assert.deepEqual(merge({ a: { b: 1, c: [1, 2] }, d: 2 }, { a: { c: [3], e: {} }, d: null }), {
    a: { b: 1, c: [3], e: {} },
  });
});
