import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { loadModel } from '../model/load.ts';
import type { OperationModel, ServiceModel } from '../model/model.ts';
import { awsJson } from './aws-json.ts';
import { type WireError, WireFault } from './protocol.ts';
import { RawJson } from './raw-json.ts';

const dynamodb = loadModel('dynamodb');

function operationOf(model: ServiceModel, name: string): OperationModel {
  const operation = model.operations[name];
  assert.ok(operation);
  return operation;
}

function decode(operation: string, body: unknown, model = dynamodb): Record<string, unknown> {
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return awsJson.decodeInput(model, operationOf(model, operation), {
    method: 'POST',
    path: '/',
    query: '',
    headers: {},
    body: bytes,
  });
}

function encode(operation: string, output: Record<string, unknown>, model = dynamodb): string {
  return Buffer.from(
    awsJson.encodeOutput(model, operationOf(model, operation), output, 'id').body as Uint8Array,
  ).toString();
}

function refusal(operation: string, body: unknown, model = dynamodb): string {
  try {
    decode(operation, body, model);
  } catch (error) {
    assert.ok(error instanceof WireFault, String(error));
    assert.equal(error.code, 'SerializationException');
    assert.equal(error.status, 400);
    return error.message;
  }
  return 'accepted';
}

test('values come out typed, unknown members and nulls do not', () => {
  const input = decode('PutItem', {
    TableName: 't',
    ReturnValues: null,
    Bogus: { a: 1 },
    Item: { a: { S: 'x' }, b: { B: 'AQID' }, c: { L: [{ N: '1' }, null, { M: { d: { NULL: true } } }] } },
  });
  assert.deepEqual(input, {
    TableName: 't',
    Item: {
      a: { S: 'x' },
      b: { B: new Uint8Array([1, 2, 3]) },
      c: { L: [{ N: '1' }, {}, { M: { d: { NULL: true } } }] },
    },
  });
  assert.deepEqual(decode('ListTables', ''), {});
  assert.deepEqual(decode('ListTables', { Limit: 3.9 }), { Limit: 3 });
  assert.deepEqual(decode('GetItem', { ConsistentRead: 'Yes' }), { ConsistentRead: true });
});

test('what does not fit is refused in the words of DynamoDB', () => {
  const cases: readonly [string, unknown, string][] = [
    ['GetItem', { TableName: 1 }, 'NUMBER_VALUE cannot be converted to String'],
    ['GetItem', { TableName: 1.5 }, 'DECIMAL_VALUE cannot be converted to String'],
    ['GetItem', { TableName: true }, 'TRUE_VALUE cannot be converted to String'],
    ['GetItem', { TableName: ['a'] }, 'Unrecognized collection type class java.lang.String'],
    ['GetItem', { TableName: {} }, 'Start of structure or map found where not expected'],
    ['ListTables', { Limit: '1' }, 'STRING_VALUE cannot be converted to Integer'],
    ['ListTables', { Limit: false }, 'FALSE_VALUE cannot be converted to Integer'],
    ['GetItem', { ConsistentRead: 'maybe' }, 'Unexpected token received from parser'],
    ['GetItem', { ConsistentRead: 1 }, 'NUMBER_VALUE cannot be converted to Boolean'],
    ['GetItem', { Key: 'a' }, 'Unexpected field type'],
    ['GetItem', { AttributesToGet: {} }, 'Start of structure or map found where not expected'],
    ['GetItem', { AttributesToGet: 'a' }, 'Unexpected field type'],
    ['GetItem', { Key: { a: 'b' } }, 'Unexpected value type in payload'],
    ['GetItem', { Key: { a: { B: 1 } } }, 'only base-64-encoded strings are convertible to bytes'],
    [
      'GetItem',
      { Key: { a: { B: 'abc' } } },
      'Base64 encoded length is expected a multiple of 4 bytes but found: 3',
    ],
    ['GetItem', { Key: { a: { B: 'ab==' } } }, 'Invalid last non-pad Base64 character dectected'],
    [
      'GetItem',
      { Key: [] },
      'Unrecognized collection type java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>',
    ],
    [
      'GetItem',
      { Key: { a: [] } },
      'Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue',
    ],
    [
      'BatchWriteItem',
      { RequestItems: [] },
      'Unrecognized collection type java.util.Map<java.lang.String, java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>',
    ],
  ];
  for (const [operation, body, message] of cases) {
    assert.equal(refusal(operation, body), message, JSON.stringify(body));
  }
  for (const body of [
    '[]',
    '"a"',
    '1',
    'null',
    '{',
    'x',
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  ]) {
    assert.notEqual(refusal('GetItem', body), 'accepted', String(body));
  }
});

test('nesting is bounded and never overflows the stack', () => {
  const nested = (levels: number) =>
    `{"Key":{"a":${'{"M":{"a":'.repeat(levels)}{"S":"x"}${'}}'.repeat(levels)}}}`;
  assert.equal(refusal('GetItem', nested(100)), 'accepted');
  assert.equal(refusal('GetItem', nested(100_000)), '');
  assert.equal(refusal('GetItem', `{"Bogus":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'accepted');
});

test('a key that names the prototype is a key like any other', () => {
  const item = decode('GetItem', '{"Key":{"__proto__":{"B":"AQ=="}},"__proto__":{"x":1}}');
  assert.equal(Object.getPrototypeOf(item), Object.prototype);
  assert.deepEqual(Object.keys(item), ['Key']);
  const key = item['Key'] as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(key), Object.prototype);
  assert.deepEqual(Object.getOwnPropertyDescriptor(key, '__proto__')?.value, { B: new Uint8Array([1]) });
});

test('64-bit integers keep every digit both ways', () => {
  const logs = loadModel('logs');
  const body =
    '{"logGroupName":"g","startTime": 9007199254740993 ,"endTime":-5,"limit":1,"x":[{"\\"}":1e400}]}';
  assert.deepEqual(decode('FilterLogEvents', body, logs), {
    logGroupName: 'g',
    startTime: 9007199254740993n,
    endTime: -5,
    limit: 1,
  });
  assert.equal(
    refusal('FilterLogEvents', '{"startTime":1e30}', logs),
    'NUMBER_VALUE cannot be converted to Long',
  );
  assert.deepEqual(decode('FilterLogEvents', '{"startTime":1e17}', logs), { startTime: 100000000000000000n });
  const text = encode('FilterLogEvents', { events: [{ timestamp: 9007199254740993n, message: 'é"' }] }, logs);
  assert.equal(text, '{"events":[{"timestamp":9007199254740993,"message":"é\\""}]}');
});

test('answers hold the members the model has, and raw text as it is', () => {
  const at = new Date(1_700_000_000_120);
  assert.equal(
    encode('DescribeTable', {
      Table: { TableName: 't', CreationDateTime: at, secret: 1, ItemCount: undefined },
    }),
    '{"Table":{"TableName":"t","CreationDateTime":1700000000.12}}',
  );
  assert.equal(
    encode('GetItem', { Item: new RawJson('{"a": {"N":"1"}}'), ConsumedCapacity: { CapacityUnits: 0.5 } }),
    '{"Item":{"a": {"N":"1"}},"ConsumedCapacity":{"CapacityUnits":0.5}}',
  );
  assert.equal(
    encode('Query', { Items: [new RawJson('{}'), { a: { B: new Uint8Array([1]) } }], Count: 2 }),
    '{"Items":[{},{"a":{"B":"AQ=="}}],"Count":2}',
  );
  assert.equal(encode('ListTables', { TableNames: ['a', new RawJson('"b"')] }), '{"TableNames":["a","b"]}');
  assert.equal(encode('ListTables', { TableNames: ['a', 'é'] }), '{"TableNames":["a","é"]}');
  const weights = { ConsumedCapacity: { CapacityUnits: Number.NaN } };
  assert.equal(encode('PutItem', weights), '{"ConsumedCapacity":{"CapacityUnits":"NaN"}}');
});

test('headers: content type, request id and, for DynamoDB, the checksum', () => {
  const response = awsJson.encodeOutput(
    dynamodb,
    operationOf(dynamodb, 'ListTables'),
    { TableNames: [] },
    'ID',
  );
  assert.deepEqual(response.headers, {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': 'ID',
    'x-amz-crc32': String(crc32('{"TableNames":[]}')),
  });
  const kms = loadModel('kms');
  const other = awsJson.encodeOutput(kms, operationOf(kms, 'DeleteAlias'), {}, 'ID');
  assert.deepEqual(other, {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'ID' },
    body: '',
  });
});

test('errors carry their type, their members and the status of their shape', () => {
  const answer = (service: string, error: Partial<WireError>) => {
    const response = awsJson.encodeError(loadModel(service), undefined, {
      code: 'InternalFailure',
      message: 'm',
      detail: {},
      status: undefined,
      requestId: 'ID',
      ...error,
    });
    return [
      response.status,
      Buffer.from(response.body as string).toString(),
      response.headers['x-amzn-query-error'],
    ];
  };
  assert.deepEqual(answer('dynamodb', { code: 'ResourceNotFoundException' }), [
    400,
    '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"m"}',
    undefined,
  ]);
  assert.deepEqual(answer('dynamodb', { code: 'ValidationException' }), [
    400,
    '{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}',
    undefined,
  ]);
  assert.deepEqual(answer('dynamodb', { code: 'SerializationException', message: '' }), [
    400,
    '{"__type":"com.amazon.coral.service#SerializationException"}',
    undefined,
  ]);
  const cancelled = {
    code: 'TransactionCanceledException',
    detail: { CancellationReasons: [{ Code: 'None' }], x: 1 },
  };
  assert.deepEqual(answer('dynamodb', cancelled), [
    400,
    '{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","CancellationReasons":[{"Code":"None"}],"Message":"m"}',
    undefined,
  ]);
  assert.deepEqual(answer('sqs', { code: 'QueueDoesNotExist' }), [
    400,
    '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}',
    'AWS.SimpleQueueService.NonExistentQueue;Sender',
  ]);
  assert.equal(answer('kms', {})[0], 500);
  assert.equal(answer('kms', { code: 'AccessDeniedException' })[0], 400);
});

test('DynamoDB takes any operation compressed', () => {
  const model = loadModel('dynamodb');
  const operation = model.operations['ListTables'];
  assert.ok(operation);
  const decode = (encoding: string, body: Uint8Array) =>
    awsJson.decodeInput(model, operation, {
      method: 'POST',
      path: '/',
      query: '',
      headers: { 'content-encoding': encoding },
      body,
    });
  const text = Buffer.from('{"Limit":5}');
  const gzip = gzipSync(text);
  assert.deepEqual({ ...decode('gzip', gzip) }, { Limit: 5 });
  assert.deepEqual({ ...decode('deflate', deflateSync(text)) }, { Limit: 5 });
  assert.deepEqual({ ...decode('amz-1.0', text) }, { Limit: 5 });
  const refused = { code: 'InternalServerError', status: 500 };
  assert.throws(() => decode('gzip', text), refused);
  assert.throws(() => decode('gzip', gzip.subarray(0, -1)), refused);
  assert.throws(() => decode('deflate', new Uint8Array()), refused);
  const large = gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '));
  assert.throws(() => decode('gzip', large), refused);
});
