import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadModel, modelNames } from './load.ts';
import type { ServiceModel, Shape } from './model.ts';
import { validatorOf } from './validate.ts';
import { validationMessage } from './violation.ts';

function message(service: string, operation: string, input: Record<string, unknown>): string {
  const violations = validatorOf(loadModel(service), operation)(input);
  return violations.length === 0 ? '' : validationMessage(violations);
}

/** A model of one operation, `Do`, whose input is `Input`. */
function modelOf(shapes: Record<string, Shape>): ServiceModel {
  return {
    name: 'test',
    metadata: { apiVersion: '', endpointPrefix: '', serviceId: '', protocol: 'json' },
    operations: { Do: { name: 'Do', input: { shape: 'Input' } } },
    shapes,
  };
}

test('a valid input has no violations, and the same empty list every time', () => {
  const validate = validatorOf(loadModel('dynamodb'), 'GetItem');
  const input = { TableName: 'things', Key: { id: { S: 'a' } } };
  assert.equal(validate(input).length, 0);
  assert.equal(validate(input), validate(input));
  assert.equal(validatorOf(loadModel('dynamodb'), 'GetItem'), validate);
});

test('DynamoDB: what is missing, too short, not matching and not in an enum', () => {
  assert.equal(
    message('dynamodb', 'GetItem', { TableName: 'things' }),
    "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
  );
  assert.equal(
    message('dynamodb', 'CreateBackup', { TableName: 'things', BackupName: 'a*' }),
    "2 validation errors detected: Value 'a*' at 'backupName' failed to satisfy constraint: Member must have length greater than or equal to 3; Value 'a*' at 'backupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
  );
  assert.match(
    message('dynamodb', 'GetItem', { TableName: 'things', Key: {}, ReturnConsumedCapacity: 'ALL' }),
    /Value 'ALL' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: \[INDEXES, TOTAL, NONE\]$/,
  );
});

test('items of lists and maps: sizes on the map, members on their path', () => {
  assert.equal(
    message('dynamodb', 'BatchWriteItem', { RequestItems: { things: [] } }),
    "1 validation error detected: Value '{things=[]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]",
  );
  assert.equal(
    message('dynamodb', 'BatchWriteItem', { RequestItems: { things: [{ PutRequest: {} }] } }),
    "1 validation error detected: Value null at 'requestItems.things.member.1.member.putRequest.item' failed to satisfy constraint: Member must not be null",
  );
  assert.match(
    message('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: 'us-east-1_abc',
      ClientName: 'web',
      ExplicitAuthFlows: ['NO_FLOW'],
    }),
    /Value '\[NO_FLOW\]' at 'explicitAuthFlows' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy enum value set: \[.*\]\]$/,
  );
});

test('Lambda: numbers, keys of maps, and what it lists beside', () => {
  assert.match(
    message('lambda', 'PutFunctionConcurrency', { FunctionName: 'f', ReservedConcurrentExecutions: -1 }),
    /Value '-1' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0$/,
  );
  assert.equal(
    message('lambda', 'CreateAlias', {
      FunctionName: 'f',
      Name: 'live',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { 2: 1.5 } },
    }),
    "1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
  );
});

test('a lower bound of nothing is listed, as AWS does', () => {
  assert.equal(
    message('lambda', 'CreateFunctionUrlConfig', {
      FunctionName: 'f',
      AuthType: 'NONE',
      Cors: { AllowMethods: ['GET', 'OPTIONS'] },
    }),
    "1 validation error detected: Value '[GET, OPTIONS]' at 'cors.allowMethods' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 6, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*, Member must not be null]",
  );
});

test('API Gateway names the input first', () => {
  assert.match(
    message('apigateway', 'CreateRestApi', { name: 'a', endpointConfiguration: { types: ['BAD'] } }),
    /^1 validation error detected: Value '\[BAD\]' at 'createRestApiInput\.endpointConfiguration\.types' failed/,
  );
});

test('a sensitive value is not shown', () => {
  const violations = validatorOf(
    loadModel('cognito-idp'),
    'SignUp',
  )({
    ClientId: 'abc',
    Username: 'me',
    Password: ' ',
  });
  assert.equal(
    validationMessage(violations),
    "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\S]+",
  );
});

test('at most ten violations are listed, all are counted', () => {
  const items = Array.from({ length: 12 }, () => ({ Key: 'k' }));
  const text = message('sqs', 'SendMessageBatch', { QueueUrl: 'q', Entries: items });
  assert.match(text, /^24 validation errors detected: /);
  assert.equal(text.split('; ').length, 10);
});

test('IAM shows no values', () => {
  assert.equal(
    message('iam', 'UntagUser', { TagKeys: [''] }),
    "2 validation errors detected: Value at 'userName' failed to satisfy constraint: Member must not be null; Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+, Member must not be null]",
  );
});

test('a violation says where and what in a form to word anew', () => {
  const [violation] = validatorOf(
    loadModel('sts'),
    'AssumeRole',
  )({ RoleArn: 'a'.repeat(20), RoleSessionName: 'a b' });
  assert.deepEqual(violation, {
    path: 'roleSessionName',
    constraint: { kind: 'pattern', pattern: '[\\w+=,.@-]*' },
    value: 'a b',
    sensitive: false,
  });
});

test('lengths count characters, not their UTF-16 units', () => {
  const validate = validatorOf(
    modelOf({
      Input: { type: 'structure', members: { a: { shape: 'Text' } } },
      Text: { type: 'string', max: 2 },
    }),
    'Do',
  );
  assert.equal(validate({ a: '🚲🚲' }).length, 0);
  assert.equal(validate({ a: '🚲🚲🚲' }).length, 1);
});

test('recursive shapes are followed, and refused past a depth', () => {
  const validate = validatorOf(
    modelOf({
      Input: { type: 'structure', members: { down: { shape: 'Input' }, name: { shape: 'Name' } } },
      Name: { type: 'string', min: 2 },
    }),
    'Do',
  );
  assert.equal(validate({ down: { down: { name: 'x' } } })[0]?.path, 'down.down.name');
  let deep: Record<string, unknown> = {};
  for (let level = 0; level < 100_000; level += 1) deep = { down: deep };
  assert.deepEqual(
    validate(deep).map(({ constraint }) => constraint),
    [{ kind: 'depth', limit: 500 }],
  );
});

test('a value of the wrong type is a violation, not a crash', () => {
  const validate = validatorOf(
    modelOf({
      Input: { type: 'structure', members: { list: { shape: 'List' }, map: { shape: 'Map' } } },
      List: { type: 'list', member: { shape: 'Name' } },
      Map: { type: 'map', key: { shape: 'Name' }, value: { shape: 'Input' } },
      Name: { type: 'string', min: 2 },
    }),
    'Do',
  );
  assert.deepEqual(
    validate({ list: 'ab', map: { abc: [] } }).map(({ path, constraint }) => [path, constraint.kind]),
    [
      ['list', 'type'],
      ['map.abc.member', 'type'],
    ],
  );
  assert.deepEqual(
    validate({ list: [null], map: { abc: null } }).map(({ path, constraint }) => [path, constraint.kind]),
    [
      ['list', 'members'],
      ['map.abc.member', 'required'],
    ],
  );
});

test('every operation of every model has a validator that can explain itself', () => {
  for (const name of modelNames()) {
    const model = loadModel(name);
    for (const operation of Object.keys(model.operations)) validatorOf(model, operation)({});
  }
});
