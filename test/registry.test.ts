import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { loadModel } from '../src/model/load.ts';
import { services } from '../src/services/index.ts';

test('every operation of the registry is in its model', () => {
  for (const { name, model, operations } of services) {
    if (model === undefined) {
      assert.deepEqual(Object.keys(operations), [], `${name} has operations and no model`);
      continue;
    }
    const known = loadModel(model).operations;
    assert.deepEqual(
      Object.keys(operations).filter((operation) => !Object.hasOwn(known, operation)),
      [],
      `operations of ${name} that AWS does not have`,
    );
  }
});

test('every operation has an authorisation mapping, and no mapping is without its operation', () => {
  for (const { name, operations, authorisation } of services) {
    assert.deepEqual(
      Object.keys(operations).filter((operation) => authorisation[operation] === undefined),
      [],
      `operations of ${name} that are denied for want of a mapping`,
    );
    assert.deepEqual(
      Object.keys(authorisation).filter((operation) => !Object.hasOwn(operations, operation)),
      [],
      `mappings of ${name} without an operation`,
    );
  }
});

test('an operation that authenticates by itself is one whose model takes unsigned requests', () => {
  for (const { name, model, authorisation } of services) {
    if (model === undefined) continue;
    const { operations } = loadModel(model);
    const open = Object.keys(authorisation).filter((operation) => {
      const { authtype, auth } = operations[operation] ?? {};
      return (
        authorisation[operation] === 'none' &&
        authtype !== 'none' &&
        auth?.includes('smithy.api#noAuth') !== true
      );
    });
    assert.deepEqual(open, SIGNED_AND_OPEN[name] ?? [], `operations of ${name} that ask no policy`);
  }
});

/** Signed operations that AWS lets every principal call, or that decide by themselves. */
const SIGNED_AND_OPEN: Readonly<Record<string, readonly string[]>> = {};
