import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { conform } from './conform.ts';
import { resourceType } from './resource-type.ts';

function conformed(type: string, properties: Parameters<typeof conform>[1]) {
  const schema = resourceType(type);
  assert(schema);
  return conform(schema, properties);
}

test('text becomes what the schema says it is', () => {
  assert.deepEqual(
    conformed('AWS::Lambda::Function', {
      Code: { ZipFile: 'x' },
      Role: 'arn',
      MemorySize: '256',
      Timeout: 3,
      Environment: { Variables: { A: 1, B: true } },
      Layers: 'one',
    }).properties,
    {
      Code: { ZipFile: 'x' },
      Role: 'arn',
      MemorySize: 256,
      Timeout: 3,
      Environment: { Variables: { A: '1', B: 'true' } },
      Layers: ['one'],
    },
  );
});

test('problems are worded as the registry words them', () => {
  assert.deepEqual(conformed('AWS::Lambda::Function', { Code: { Zip: 'x' }, Nope: 1, MemorySize: 'big' }), {
    problems: [
      '#: required key [Role] not found',
      '#/Code: extraneous key [Zip] is not permitted',
      '#: extraneous key [Nope] is not permitted',
      '#/MemorySize: expected type: Integer, found: String',
    ],
  });
});

test('unknown types are unknown', () => {
  assert.equal(resourceType('AWS::Lambda::Nope'), undefined);
  assert.equal(resourceType('AWS::Nope::Nope'), undefined);
  assert.equal(resourceType('AWS::../../package::Nope'), undefined);
  assert.equal(resourceType('Custom::Thing'), undefined);
});

test('policies may be a map or text', () => {
  const role = (AssumeRolePolicyDocument: string | { Version: string }) =>
    conformed('AWS::IAM::Role', { AssumeRolePolicyDocument });
  assert.equal(role('{}').problems, undefined);
  assert.equal(role({ Version: '2012-10-17' }).problems, undefined);
});
