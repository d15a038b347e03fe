import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadModel } from '../model/load.ts';
import type { ProtocolName } from '../model/model.ts';
import { routeOf } from './http-binding.ts';
import { parseJsonExactly } from './json-exact.ts';
import { WireFault, type WireRequest } from './protocol.ts';
import { protocolOf } from './protocols.ts';
import { parseTimestamp } from './timestamp.ts';
import { parseXml } from './xml-reader.ts';

const TARGETS: readonly (readonly [ProtocolName, string, string])[] = [
  ['json', 'dynamodb', 'TransactWriteItems'],
  ['json', 'logs', 'PutLogEvents'],
  ['query', 'cloudformation', 'CreateChangeSet'],
  ['ec2', 'ec2', 'RunInstances'],
  ['rest-json', 'lambda', 'CreateFunction'],
  ['rest-json', 'apigateway', 'PutRestApi'],
  ['rest-xml', 's3', 'PutBucketLifecycleConfiguration'],
  ['rest-xml', 's3', 'PutBucketAcl'],
  ['smithy-rpc-v2-cbor', 'cloudwatch', 'PutMetricData'],
];
/** Something like what each protocol reads, so that mutations reach past the first byte. */
const SEEDS: readonly string[] = [
  '{"TransactItems":[{"Put":{"TableName":"t","Item":{"a":{"B":"AQID"},"b":{"L":[{"N":"1"},null]}}}}],"x":1e400}',
  '{"logGroupName":"g","logEvents":[{"timestamp":9007199254740993,"message":"m"}]}',
  'Action=X&Parameters.member.1.ParameterKey=a&Tags.member.02.Key=%C3%A9&BlockDeviceMapping.1.Ebs.VolumeSize=3',
  '{"FunctionName":"f","Code":{"ZipFile":"AQID"},"Timeout":3,"Environment":{"Variables":{"a":"b"}}}',
  '<LifecycleConfiguration><Rule><ID>a&amp;</ID><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>',
  '<AccessControlPolicy><AccessControlList><Grant><Grantee xsi:type="x"/></Grant></AccessControlList></AccessControlPolicy>',
  Buffer.from('a2694e616d657370616365616e6a4d6574726963446174619fa1655661c10118ffff', 'hex').toString(
    'latin1',
  ),
];

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .tuple(fc.constantFrom(...SEEDS), fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.nat(255)), { maxLength: 6 }))
    .map(([seed, edits]) => {
      const mutated = [...Buffer.from(seed, 'latin1')];
      for (const [at, kind, byte] of edits) {
        const place = at % (mutated.length + 1);
        if (kind === 0) mutated.splice(place, 1);
        else if (kind === 1) mutated.splice(place, 0, byte);
        else if (kind === 2) mutated[place] = byte;
        else mutated.splice(place, 0, ...mutated.slice(place, place + 20));
      }
      return Uint8Array.from(mutated);
    }),
);
const words = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('%', '%ff', 'a.b.c=1', '=&&=', 'max-keys=x', '//', '/{'),
);

test('whatever comes, a decoder answers or refuses', () => {
  for (const [name, service, operationName] of TARGETS) {
    const model = loadModel(service);
    const operation = model.operations[operationName];
    assert.ok(operation);
    fc.assert(
      fc.property(
        bytes,
        words,
        words,
        fc.dictionary(fc.string(), fc.string()),
        (body, path, query, headers) => {
          const request: WireRequest = { method: 'POST', path: `/${path}`, query, headers, body };
          try {
            const input = protocolOf(name).decodeInput(model, operation, request);
            assert.equal(typeof input, 'object');
            assert.equal(Object.getPrototypeOf(input), Object.prototype);
          } catch (error) {
            assert.ok(error instanceof WireFault, error as Error);
            assert.equal(error.status, 400);
          }
        },
      ),
      { numRuns: 300 },
    );
  }
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

test('whatever path comes, routing finds an operation or none', () => {
  fc.assert(
    fc.property(
      words,
      words,
      fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', ''),
      (path, query, method) => {
        for (const service of ['s3', 'lambda', 'apigateway', 's3control']) {
          routeOf(loadModel(service))(method, `/${path}`, query, {});
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('the exact JSON parser agrees with JSON.parse', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.boolean(), (text, spaced) => {
      const source = spaced ? JSON.stringify(JSON.parse(text), null, 2) : text;
      const expected: unknown = JSON.parse(source);
      const exact = JSON.parse(
        JSON.stringify(parseJsonExactly(source, 100), (_, value) =>
          typeof value === 'bigint' ? Number(value) : value,
        ),
      );
      assert.deepEqual(exact, expected);
    }),
  );
});

test('the XML reader never fails otherwise than by saying no', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          '<a>',
          '</a>',
          '<b c="d">',
          "<e f='&lt;'/>",
          '</b>',
          '&amp;',
          '&',
          '<!--',
          '-->',
          '<![CDATA[',
          ']]>',
          '<?x',
          '?>',
          'text',
          '"',
          '>',
          '<',
        ),
      ),
      (parts) => {
        parseXml(parts.join(''));
      },
    ),
    { numRuns: 1000 },
  );
});

test('a timestamp is read to the instant it names, or not at all', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      (at) => {
        const whole = new Date(Math.floor(at.getTime() / 1000) * 1000);
        assert.deepEqual(parseTimestamp(at.toISOString()), at);
        assert.deepEqual(parseTimestamp(whole.toUTCString()), whole);
        assert.deepEqual(parseTimestamp(String(whole.getTime() / 1000)), whole);
      },
    ),
  );
  assert.deepEqual(parseTimestamp('2020-01-02T03:04:05+02:00'), new Date('2020-01-02T01:04:05Z'));
  for (const text of [
    '',
    'x',
    '2020-13-01',
    '2020-02-30T00:00:00Z',
    '2020-01-01T25:00:00Z',
    '1e300',
    'Foo, 32 Jan 2020 00:00:00 GMT',
  ]) {
    assert.equal(parseTimestamp(text), undefined, text);
  }
});
