import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { loadModel } from '../model/load.ts';
import type { ServiceModel } from '../model/model.ts';
import { type Protocol, WireFault } from './protocol.ts';
import { protocolOf } from './protocols.ts';

const namespace = 'https://example.com/doc/';
/** A model of one operation `Do` whose input and output are `members`. */
function modelOf(members: object, shapes: object = {}): ServiceModel {
  return {
    name: 'example',
    metadata: {
      apiVersion: '2020-01-01',
      endpointPrefix: 'example',
      serviceId: 'example',
      protocol: 'query',
      xmlNamespace: namespace,
    },
    operations: {
      Do: { name: 'Do', input: { shape: 'Io' }, output: { shape: 'Io', resultWrapper: 'DoResult' } },
      Nothing: { name: 'Nothing' },
    },
    shapes: {
      Io: { type: 'structure', members },
      S: { type: 'string' },
      I: { type: 'integer' },
      L: { type: 'long' },
      D: { type: 'double' },
      B: { type: 'boolean' },
      T: { type: 'timestamp' },
      X: { type: 'blob' },
      ...shapes,
    },
  } as unknown as ServiceModel;
}

const collections = modelOf(
  {
    Names: { shape: 'Names' },
    Flat: { shape: 'Flat', locationName: 'Flatten' },
    Renamed: { shape: 'Renamed' },
    Map: { shape: 'Map' },
    FlatMap: { shape: 'FlatMap', locationName: 'Attribute' },
    Nested: { shape: 'Nested' },
  },
  {
    Names: { type: 'list', member: { shape: 'S' } },
    Flat: { type: 'list', member: { shape: 'S' }, flattened: true },
    Renamed: { type: 'list', member: { shape: 'S', locationName: 'item' } },
    Map: { type: 'map', key: { shape: 'S' }, value: { shape: 'I' } },
    FlatMap: {
      type: 'map',
      key: { shape: 'S', locationName: 'Name' },
      value: { shape: 'S', locationName: 'Value' },
      flattened: true,
    },
    Nested: {
      type: 'structure',
      members: { A: { shape: 'S', locationName: 'Aye' }, Again: { shape: 'Nested' } },
    },
  },
);

function decode(
  model: ServiceModel,
  body: string | Uint8Array,
  query = '',
  protocol: Protocol = protocolOf('query'),
) {
  const operation = Object.values(model.operations)[0];
  assert.ok(operation);
  return protocol.decodeInput(model, operation, {
    method: 'POST',
    path: '/',
    query,
    headers: {},
    body: typeof body === 'string' ? Buffer.from(body) : body,
  });
}

function encode(
  model: ServiceModel,
  output: Record<string, unknown>,
  protocol: Protocol = protocolOf('query'),
) {
  const operation = Object.values(model.operations)[0];
  assert.ok(operation);
  return protocol.encodeOutput(model, operation, output, 'ID').body;
}

test('fields become lists, maps and structures by their dotted names', () => {
  const fields = [
    'Action=Do&Version=2020-01-01&Unknown.member.1=x',
    'Names.member.2=b&Names.member.10=c&Names.member.1=a+%C3%A9',
    'Flatten.1=x&Flatten.2=y',
    'Renamed.item.1=r',
    'Map.entry.1.key=k&Map.entry.1.value=7&Map.entry.2.key=__proto__&Map.entry.2.value=8',
    'Attribute.1.Name=n&Attribute.1.Value=v',
    'Nested.Aye=1&Nested.Again.Again.Aye=2',
  ].join('&');
  const input = decode(collections, fields);
  const map = input['Map'] as Record<string, unknown>;
  assert.deepEqual(Object.entries(map), [
    ['k', 7],
    ['__proto__', 8],
  ]);
  delete input['Map'];
  assert.deepEqual(input, {
    Names: ['a é', 'b', 'c'],
    Flat: ['x', 'y'],
    Renamed: ['r'],
    FlatMap: { n: 'v' },
    Nested: { A: '1', Again: { Again: { A: '2' } } },
  });
});

test('what clients spell loosely is understood, and the query string counts too', () => {
  assert.deepEqual(decode(collections, 'Names.1=a'), { Names: ['a'] });
  assert.deepEqual(decode(collections, 'Renamed.member.1=a'), { Renamed: ['a'] });
  assert.deepEqual(decode(collections, 'Names='), { Names: [] });
  assert.deepEqual(decode(collections, '', 'Action=Do&Nested.Aye=q'), { Nested: { A: 'q' } });
});

const scalars = modelOf({
  S: { shape: 'S' },
  I: { shape: 'I' },
  L: { shape: 'L' },
  D: { shape: 'D' },
  B: { shape: 'B' },
  T: { shape: 'T' },
  X: { shape: 'X' },
});

test('simple values are read by their type', () => {
  assert.deepEqual(
    decode(scalars, 'S=&I=-1&L=9007199254740993&D=1.5e3&B=True&T=2020-01-02T03%3A04%3A05.5Z&X=AQI%3D'),
    {
      S: '',
      I: -1,
      L: 9007199254740993n,
      D: 1500,
      B: true,
      T: new Date(Date.UTC(2020, 0, 2, 3, 4, 5, 500)),
      X: new Uint8Array([1, 2]),
    },
  );
  assert.deepEqual(decode(scalars, 'I=&B='), {});
  for (const field of [
    'I=a',
    'I=1.5',
    'I=3000000000',
    'L=99999999999999999999',
    'D=x',
    'B=2',
    'T=never',
    'X=%21',
    'S.a=1',
  ]) {
    assert.throws(
      () => decode(scalars, field),
      (error) => error instanceof WireFault && error.code === 'MalformedInput',
      field,
    );
  }
  for (const body of ['S=%ff', 'S=%', Buffer.from([0x53, 0x3d, 0xff])]) {
    assert.throws(
      () => decode(scalars, body),
      (error) => error instanceof WireFault && error.code === 'MalformedQueryString',
    );
  }
  assert.throws(() => decode(collections, `${'Nested.Again.'.repeat(1e5)}Aye=1`), WireFault);
});

test('answers are XML in the service namespace', () => {
  assert.equal(
    encode(collections, {
      Names: ['a<b', '\u0001\r'],
      Flat: ['x', 'y'],
      Renamed: [],
      Map: { k: 1 },
      FlatMap: { n: 'v', o: 'w' },
      Nested: { A: 'x', Again: {} },
      Other: 1,
    }),
    `<DoResponse xmlns="${namespace}"><DoResult><Names><member>a&lt;b</member><member>&#x1;&#xD;</member></Names>` +
      '<Flatten>x</Flatten><Flatten>y</Flatten><Renamed/><Map><entry><key>k</key><value>1</value></entry></Map>' +
      '<Attribute><Name>n</Name><Value>v</Value></Attribute><Attribute><Name>o</Name><Value>w</Value></Attribute>' +
      '<Nested><Aye>x</Aye><Again/></Nested></DoResult>' +
      '<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></DoResponse>',
  );
  const T = new Date(Date.UTC(2020, 0, 2, 3, 4, 5));
  const text = String(
    encode(scalars, { L: 9007199254740993n, D: Number.NaN, B: false, T, X: new Uint8Array([1]) }),
  );
  assert.match(
    text,
    /<L>9007199254740993<\/L><D>NaN<\/D><B>false<\/B><T>2020-01-02T03:04:05Z<\/T><X>AQ==<\/X>/,
  );
  const nothing = collections.operations['Nothing'];
  assert.ok(nothing);
  assert.equal(
    protocolOf('query').encodeOutput(collections, nothing, {}, 'ID').body,
    `<NothingResponse xmlns="${namespace}"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></NothingResponse>`,
  );
});

test('errors name whose fault they are and the code the query protocol knows', () => {
  const answer = (service: string, code: string) =>
    protocolOf('query').encodeError(loadModel(service), undefined, {
      code,
      message: 'no <such>',
      detail: {},
      status: undefined,
      requestId: 'ID',
    });
  const missing = answer('iam', 'NoSuchEntityException');
  assert.equal(missing.status, 404);
  assert.equal(
    missing.body,
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' +
      '<Code>NoSuchEntity</Code><Message>no &lt;such&gt;</Message></Error><RequestId>ID</RequestId></ErrorResponse>',
  );
  assert.equal(answer('iam', 'InternalFailure').status, 500);
  assert.match(String(answer('iam', 'InternalFailure').body), /<Type>Receiver<\/Type>/);
  assert.equal(answer('iam', 'AccessDenied').status, 403);
  assert.match(String(answer('sqs', 'QueueDoesNotExist').body), /AWS.SimpleQueueService.NonExistentQueue/);
});

test('EC2 has rules of its own', () => {
  const ec2 = protocolOf('ec2');
  const model = modelOf(
    {
      Ids: { shape: 'Ids', locationName: 'idSet' },
      Query: { shape: 'Ids', locationName: 'querySet', queryName: 'Q' },
      name: { shape: 'S', locationName: 'nameOf' },
    },
    { Ids: { type: 'list', member: { shape: 'S', locationName: 'item' } } },
  );
  assert.deepEqual(decode(model, 'IdSet.1=a&IdSet.2=b&Q.1=c&NameOf=d', '', ec2), {
    Ids: ['a', 'b'],
    Query: ['c'],
    name: 'd',
  });
  assert.equal(
    encode(model, { Ids: ['a'], Query: [], name: 'd' }, ec2),
    `<DoResponse xmlns="${namespace}"><requestId>ID</requestId><idSet><item>a</item></idSet><querySet/>` +
      '<nameOf>d</nameOf></DoResponse>',
  );
  const error = {
    code: 'InvalidVpcID.NotFound',
    message: 'm',
    detail: {},
    status: undefined,
    requestId: 'ID',
  };
  assert.equal(
    ec2.encodeError(model, undefined, error).body,
    '<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>m</Message></Error></Errors>' +
      '<RequestID>ID</RequestID></Response>',
  );
});

test("SQS's clients from before JSON are understood", () => {
  const model = loadModel('sqs');
  const query = protocolOf('query');
  const [create, send, receive] = ['CreateQueue', 'SendMessage', 'ReceiveMessage'].map(
    (name) => model.operations[name],
  );
  assert.ok(create && send && receive);
  const read = (operation: typeof create, body: string) =>
    query.decodeInput(model, operation, {
      method: 'POST',
      path: '/',
      query: '',
      headers: {},
      body: Buffer.from(body),
    });
  assert.deepEqual(
    read(create, 'QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a&Tag.1.Value=b'),
    {
      QueueName: 'q',
      Attributes: { DelaySeconds: '5' },
      tags: { a: 'b' },
    },
  );
  assert.deepEqual(
    read(
      send,
      'MessageBody=m&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v',
    ),
    { MessageBody: 'm', MessageAttributes: { n: { DataType: 'String', StringValue: 'v' } } },
  );
  assert.equal(
    query.encodeOutput(
      model,
      receive,
      { Messages: [{ Body: 'm', Attributes: { SentTimestamp: '1' } }] },
      'ID',
    ).body,
    '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message>' +
      '<Body>m</Body><Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute></Message></ReceiveMessageResult>' +
      '<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ReceiveMessageResponse>',
  );
});
