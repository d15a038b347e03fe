import { gzipSync } from 'node:zlib';
import type { Random } from '../../src/world/world.ts';

export type Rng = Random;

/** A healthy request of one protocol, to be spoiled. */
export interface Target {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly syntax: 'json' | 'form' | 'xml' | 'cbor' | 'none';
}

export interface FuzzedRequest {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly sign: boolean;
  readonly skewMs: number;
  readonly declaredLength: number | undefined;
  readonly manner: 'plain' | 'half' | 'slow';
  /** What was done to it, for the failure message. */
  readonly why: string;
}

function json(service: string, version: string, target: string, body: unknown): Target {
  return {
    service,
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
    body: JSON.stringify(body),
    syntax: 'json',
  };
}

function form(service: string, body: string): Target {
  return {
    service,
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body,
    syntax: 'form',
  };
}

function rest(
  service: string,
  method: string,
  path: string,
  syntax: Target['syntax'],
  body: string,
  query = '',
): Target {
  const type = syntax === 'xml' ? 'application/xml' : 'application/json';
  return { service, method, path, query, headers: { 'content-type': type }, body, syntax };
}

export const TARGETS: readonly Target[] = [
  json('dynamodb', '1.0', 'DynamoDB_20120810.PutItem', {
    TableName: 'T',
    Item: { pk: { S: 'a' }, n: { N: '1.50' }, l: { L: [{ BOOL: true }] } },
  }),
  json('dynamodb', '1.0', 'DynamoDB_20120810.Query', {
    TableName: 'T',
    KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
    ExpressionAttributeValues: { ':p': { S: 'a' }, ':s': { S: 'b' } },
  }),
  json('dynamodb', '1.0', 'DynamoDB_20120810.UpdateItem', {
    TableName: 'T',
    Key: { pk: { S: 'a' } },
    UpdateExpression: 'SET a.b[1] = if_not_exists(c, :v) + :v REMOVE d',
    ExpressionAttributeValues: { ':v': { N: '1' } },
  }),
  json('logs', '1.1', 'Logs_20140328.PutLogEvents', {
    logGroupName: 'g',
    logStreamName: 's',
    logEvents: [{ timestamp: 1, message: 'm' }],
  }),
  json('cognito-idp', '1.1', 'AWSCognitoIdentityProviderService.SignUp', {
    ClientId: 'abc',
    Username: 'u',
    Password: 'Secret1!',
  }),
  json('cognito-idp', '1.1', 'AWSCognitoIdentityProviderService.CreateUserPool', {
    PoolName: 'p',
    Schema: [{ Name: 'x' }],
  }),
  form('sts', 'Action=GetCallerIdentity&Version=2011-06-15'),
  form(
    'iam',
    'Action=CreateUser&Version=2010-05-08&UserName=a%20b&Tags.member.1.Key=k&Tags.member.1.Value=v',
  ),
  form(
    'cloudformation',
    'Action=ValidateTemplate&Version=2010-05-15&TemplateBody=Resources%3A%0A%20%20A%3A%20%7BType%3A%20AWS%3A%3AS3%3A%3ABucket%7D',
  ),
  rest(
    'lambda',
    'POST',
    '/2015-03-31/functions',
    'json',
    JSON.stringify({
      FunctionName: 'f',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==' },
      Runtime: 'nodejs22.x',
      Handler: 'a.b',
    }),
  ),
  rest('lambda', 'POST', '/2015-03-31/functions/f/invocations', 'json', '{"a":1}'),
  rest('apigateway', 'POST', '/restapis', 'json', '{"name":"n"}'),
  rest(
    's3',
    'PUT',
    '/bucket-a',
    'xml',
    '<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>',
  ),
  rest('s3', 'POST', '/bucket-a', 'xml', '<Delete><Object><Key>a</Key></Object></Delete>', 'delete='),
  rest('s3', 'PUT', '/bucket-a/key', 'none', 'content'),
  rest('s3', 'GET', '/bucket-a', 'none', '', 'list-type=2&max-keys=10'),
  {
    service: 'monitoring',
    method: 'POST',
    path: '/service/GraniteServiceVersion20100801/operation/ListMetrics',
    query: '',
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
    body: '\u00a0',
    syntax: 'cbor',
  },
];

const NASTY_JSON = [
  '',
  ' ',
  'null',
  '[]',
  '"x"',
  '1',
  '{',
  '{"a":',
  '{"TableName":',
  '{"a":1}}',
  "{'a':1}",
  '{"a":NaN}',
  '{"a":1e999}',
  '{"__proto__":{"x":1},"constructor":{"prototype":{}}}',
  '{"TableName":{"S":1}}',
  '{"TableName":null}',
  '{"Item":[]}',
  '{"Item":{"pk":{}}}',
  '{"Item":{"pk":{"S":1}}}',
  '{"Item":{"pk":{"N":"1e400"}}}',
  '{"Item":{"pk":{"B":"***"}}}',
  '\ufeff{}',
  '{"a":"\ud800"}',
  `{"TableName":"${'x'.repeat(5000)}"}`,
];
const NASTY_XML = [
  '<',
  '<a',
  '<a>',
  '<a></b>',
  '<a b=c/>',
  '<?xml version="1.0"?>',
  '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  '<a>&#x0;</a>',
  '<a>&nope;</a>',
  '<Delete/>',
  '<Delete><Object/></Delete>',
  '<a>\u0000</a>',
  '<![CDATA[',
  '<!--',
  `<a>${'<b>'.repeat(500)}`,
];
const NASTY_FORM = [
  '',
  '&',
  '=',
  'Action',
  'Action=',
  'Action=Nope&Version=x',
  'Action=CreateUser&UserName=%zz',
  'Action=CreateUser&UserName=%ff%fe',
  'Action=CreateUser&Tags.member.999999999.Key=a',
  'Action=CreateUser&Tags.member.-1.Key=a',
  'Action=CreateUser&Tags.member.x.Key=a',
  'Action=CreateUser&__proto__.x=1',
  'Action=CreateUser&UserName=a&UserName=b',
  `Action=CreateUser&${'a.'.repeat(3000)}b=1`,
];

function nested(random: Rng, open: string, close: string): string {
  const depth = 10 ** (1 + random.below(4));
  return open.repeat(depth) + (random.below(2) === 0 ? '' : close.repeat(depth));
}

/** Cuts, doubles, flips or inserts bytes. */
function mutate(random: Rng, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    case 2: {
      const copy = Buffer.from(bytes);
      for (let i = 0; i < 3 && copy.length > 0; i++) copy[random.below(copy.length)] = random.below(256);
      return copy;
    }
    case 3:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(random.bytes(1 + random.below(20))),
        bytes.subarray(at),
      ]);
    default:
      return Buffer.from(random.bytes(random.below(200)));
  }
}

/** A body that is wrong for the target in one of many ways; now and then the healthy one. */
export function badBody(random: Rng, target: Target): Buffer {
  const pick = (list: readonly string[]) => Buffer.from(list[random.below(list.length)] ?? '', 'utf8');
  const healthy = Buffer.from(target.body, target.syntax === 'cbor' ? 'latin1' : 'utf8');
  const choice = random.below(10);
  if (choice < 4) return mutate(random, healthy);
  if (choice === 9) return healthy;
  switch (target.syntax) {
    case 'json':
      if (choice === 4) return Buffer.from(nested(random, '{"a":', '}'));
      if (choice === 5) return Buffer.from(nested(random, '[', ']'));
      if (choice === 6) return Buffer.from(`{"Item":{"pk":${nested(random, '{"L":[', ']}')}}}`);
      return pick(NASTY_JSON);
    case 'xml':
      return choice === 4 ? Buffer.from(nested(random, '<a>', '</a>')) : pick(NASTY_XML);
    case 'form':
      return pick(NASTY_FORM);
    case 'cbor':
      return choice === 4
        ? Buffer.from(nested(random, '\u0081', ''), 'latin1')
        : Buffer.from(random.bytes(random.below(100)));
    default:
      return mutate(random, healthy);
  }
}

const CONTENT_TYPES = [
  'text/plain',
  'application/json',
  'application/x-amz-json-9.9',
  'application/cbor',
  'multipart/form-data',
  'x',
  '',
];
const BAD_PATHS = [
  '/%',
  '/%zz',
  '/%ff%fe',
  '//',
  '/a//b',
  `/${'a/'.repeat(300)}`,
  '/..%2f..',
  '/bucket-a/%00',
];
const BAD_QUERIES = [
  '&&',
  '=',
  '%',
  'X-Amz-Algorithm=AWS4-HMAC-SHA256',
  'X-Amz-Credential=a/b/c/d/e',
  'list-type=2&max-keys=x',
  'uploadId=&partNumber=0',
];
const BAD_AUTHORIZATIONS = [
  '',
  'AWS4-HMAC-SHA256',
  'Basic dGVzdDp0ZXN0',
  'AWS4-HMAC-SHA256 Credential=test',
  'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=;;;, Signature=zz',
  'AWS4-ECDSA-P256-SHA256 Credential=x',
];

/** Spoils what is around the body as well, half of the time, and signs half of all. */
export function spoil(random: Rng, target: Target, body: Buffer): FuzzedRequest {
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const headers: Record<string, string> = { ...target.headers };
  let { path, query, method } = target;
  let declaredLength: number | undefined;
  let manner: FuzzedRequest['manner'] = 'plain';
  let skewMs = 0;
  let sign = random.below(2) === 0;
  let why = `body ${JSON.stringify(body.subarray(0, 60).toString('latin1'))}`;
  switch (random.below(20)) {
    case 0:
      headers['content-type'] = pick(CONTENT_TYPES);
      why += ` content-type ${headers['content-type']}`;
      break;
    case 1:
      headers['x-amz-target'] = pick([
        '',
        '.',
        'DynamoDB_20120810.',
        'DynamoDB_20120810.Nope',
        'Nope.Nope',
        '__proto__.constructor',
        'DynamoDB_20120810.__proto__',
      ]);
      why += ` target ${headers['x-amz-target']}`;
      break;
    case 2:
      path = pick(BAD_PATHS);
      break;
    case 3:
      query = pick(BAD_QUERIES);
      break;
    case 4:
      sign = false;
      headers['authorization'] = pick(BAD_AUTHORIZATIONS);
      why += ` authorization ${headers['authorization']}`;
      break;
    case 5:
      skewMs = (random.below(2) === 0 ? -1 : 1) * (901_000 + random.below(10_000_000));
      sign = true;
      why += ` skew ${skewMs}`;
      break;
    case 6:
      method = pick(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']);
      break;
    case 7:
      declaredLength = body.length + 10;
      manner = 'half';
      break;
    case 8:
      manner = 'half';
      break;
    case 9:
      manner = 'slow';
      break;
    case 10:
      headers['x-amz-content-sha256'] = pick([
        'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'UNSIGNED-PAYLOAD',
        'zz',
      ]);
      headers['x-amz-decoded-content-length'] = pick(['10', '-1', 'x', '99999999999']);
      why += ` sha ${headers['x-amz-content-sha256']}`;
      break;
    case 11:
      headers['content-encoding'] = 'gzip';
      return {
        service: target.service,
        method,
        path,
        query,
        headers,
        body: gzipSync(body),
        sign,
        skewMs,
        declaredLength,
        manner,
        why: `${why} gzip`,
      };
    default:
  }
  return {
    service: target.service,
    method,
    path,
    query,
    headers,
    body,
    sign,
    skewMs,
    declaredLength,
    manner,
    why,
  };
}
