import { strict as assert } from 'node:assert';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { simulatedWorld } from '../../world/simulated.ts';
import { readAddress } from './front-door.ts';
import { evaluatePath } from './invoke/json-path.ts';
import { isSignedBy, readToken } from './invoke/json-web-token.ts';
import { binaryMatcher, mediaTypeOf } from './invoke/media-type.ts';
import { patternOf } from './invoke/pattern.ts';
import { requestTime } from './invoke/request-context.ts';
import { addRoute, emptyRoutes, findRoute } from './invoke/route.ts';
import { serviceOf } from './invoke/service-integration.ts';
import { TokenBucket } from './invoke/token-bucket.ts';
import { printedClaims } from './invoke/user-pool.ts';
import { readDocument } from './openapi/document.ts';
import { exportDocument } from './openapi/exporter.ts';
import { blankDefinition, importDocument } from './openapi/importer.ts';
import { ANY_OP, entry, patched, REPLACE, value } from './patch.ts';
import { compileSchema } from './schema.ts';
import { periodStart, remaining, usageBetween } from './usage.ts';

test('routes: literals before parameters before the rest, and back when a branch leads nowhere', () => {
  const routes = emptyRoutes<string>();
  const add = (path: string, verb: string) => addRoute(routes, path, new Map([[verb, `${verb} ${path}`]]));
  add('/', 'GET');
  add('/pets', 'GET');
  add('/pets/{id}', 'GET');
  add('/pets/mine', 'GET');
  add('/pets/{id}/toys', 'GET');
  add('/{proxy+}', 'ANY');
  const find = (verb: string, path: string) => {
    const found = findRoute(routes, verb, path);
    return found === undefined ? undefined : [found.method, found.pathParameters];
  };
  assert.deepEqual(find('GET', '/'), ['GET /', undefined]);
  assert.deepEqual(find('GET', '/pets'), ['GET /pets', undefined]);
  assert.deepEqual(find('GET', '/pets/'), ['GET /pets', undefined]);
  assert.deepEqual(find('GET', '/pets/mine'), ['GET /pets/mine', undefined]);
  assert.deepEqual(find('GET', '/pets/a%2Fb'), ['GET /pets/{id}', { id: 'a%2Fb' }]);
  assert.deepEqual(find('GET', '/pets/mine/toys'), ['GET /pets/{id}/toys', { id: 'mine' }]);
  assert.deepEqual(find('GET', '/pets/1/2/3'), ['ANY /{proxy+}', { proxy: 'pets/1/2/3' }]);
  assert.deepEqual(find('POST', '/pets/1'), ['ANY /{proxy+}', { proxy: 'pets/1' }]);
  assert.equal(find('POST', '/'), undefined);
});

test('addresses: paths of ours and LocalStack’s, hosts of AWS and of this machine', () => {
  const read = (host: string, path: string) => {
    const found = readAddress(host, path);
    return found === undefined ? undefined : [found.apiId, found.stageName, found.path];
  };
  assert.deepEqual(read('127.0.0.1', '/_aws/execute-api/abc/dev'), ['abc', 'dev', '/']);
  assert.deepEqual(read('127.0.0.1', '/_aws/execute-api/abc/dev/a//b/'), ['abc', 'dev', '/a//b/']);
  assert.deepEqual(read('localhost', '/restapis/abc/dev/_user_request_/a'), ['abc', 'dev', '/a']);
  assert.deepEqual(read('abc.execute-api.us-east-1.amazonaws.com', '/dev/a'), ['abc', 'dev', '/a']);
  assert.deepEqual(read('abc.execute-api.localhost', '/dev'), ['abc', 'dev', '/']);
  assert.deepEqual(read('abc.execute-api.localhost.localstack.cloud', '/dev/'), ['abc', 'dev', '/']);
  assert.equal(read('127.0.0.1', '/restapis/abc'), undefined);
});

test('JSON paths', () => {
  const root = { a: [{ b: 1 }, { b: 2 }], 'c d': { e: null }, f: 'g' };
  const cases: readonly (readonly [string, unknown])[] = [
    ['$', root],
    ['$.f', 'g'],
    ['f', 'g'],
    ['$.a[1].b', 2],
    ['$.a[-1].b', 2],
    ["$['c d'].e", null],
    ['$.a[*].b', [1, 2]],
    ['$..b', [1, 2]],
    ['$.a[0:1]', [{ b: 1 }]],
    ['$.nothing', undefined],
    ['$.constructor', undefined],
    ['$.a[', undefined],
  ];
  for (const [path, expected] of cases) assert.deepEqual(evaluatePath(root, path), expected, path);
});

test('patches: values, entries, items, and what AWS says of the others', () => {
  const bare = {
    names: false,
    rules: {
      '/name': value(REPLACE),
      '/n': value(ANY_OP, 'integer'),
      '/map/{}': entry('boolean', 'gone'),
      '/list/{}': { shape: 'item', ops: ANY_OP },
    },
  } as const;
  const apply = (row: object, op: 'add' | 'remove' | 'replace', path: string, text?: string) =>
    patched(row, [{ op, path, value: text }], bare);
  assert.deepEqual(apply({}, 'replace', '/name', 'x'), { name: 'x' });
  assert.deepEqual(apply({}, 'replace', '/n', '7'), { n: 7 });
  assert.deepEqual(apply({ map: { a: false } }, 'replace', '/map/a', 'true'), { map: { a: true } });
  assert.deepEqual(apply({ map: { a: false } }, 'remove', '/map/a'), {});
  assert.deepEqual(apply({}, 'add', '/list/image~1png'), { list: ['image/png'] });
  assert.deepEqual(apply({ list: ['a/b', 'c'] }, 'replace', '/list/a~1b', 'd'), { list: ['c', 'd'] });
  assert.equal(Object.getPrototypeOf(apply({}, 'add', '/map/__proto__', 'true')), Object.prototype);
  assert.throws(() => apply({}, 'replace', '/n', 'x'), { code: 'BadRequestException' });
  assert.throws(() => apply({ map: {} }, 'remove', '/map/b'), { code: 'NotFoundException', message: 'gone' });
  assert.throws(() => apply({}, 'add', '/name', 'x'), /Must be one of: \[replace\]/);
  assert.throws(() => apply({}, 'add', '/list'), { message: 'Invalid patch path /list' });
});

test('schemas of draft 4', () => {
  const matches = (schema: object, body: unknown) => compileSchema(schema, () => undefined).matches(body);
  assert.ok(matches({ type: 'object', required: ['a'], properties: { a: { type: 'integer' } } }, { a: 1 }));
  assert.ok(!matches({ type: 'object', properties: { a: { type: 'integer' } } }, { a: 1.5 }));
  assert.ok(!matches({ additionalProperties: false, properties: { a: {} } }, { b: 1 }));
  assert.ok(!matches({ minimum: 1, exclusiveMinimum: true }, 1));
  assert.ok(matches({ enum: [{ a: 1, b: 2 }] }, { b: 2, a: 1 }));
  assert.ok(!matches({ uniqueItems: true }, [1, 1]));
  assert.ok(matches({ pattern: '^a+$' }, 'aaa'));
  assert.ok(!matches({ oneOf: [{ type: 'number' }, { minimum: 0 }] }, 1));
  const tree = {
    definitions: { t: { properties: { next: { $ref: '#/definitions/t' }, v: { type: 'string' } } } },
    $ref: '#/definitions/t',
  };
  assert.ok(matches(tree, { next: { next: { v: 'x' } } }));
  assert.ok(!matches(tree, { next: { next: { v: 1 } } }));
  const named = compileSchema(
    { items: { $ref: 'https://apigateway.amazonaws.com/restapis/x/models/M' } },
    () => ({ type: 'string' }),
  );
  assert.ok(named.matches(['a']) && !named.matches([1]));
  assert.match(compileSchema({ pattern: '(?=a)' }, () => undefined).unsupported ?? '', /Unsupported pattern/);
  assert.match(compileSchema({ constructor: {} }, () => undefined).unsupported ?? '', /Unsupported keyword/);
});

test('tokens: only RS256 by a key of the issuer', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const keys = { keys: [{ kid: 'k', kty: 'RSA', alg: 'RS256', use: 'sig', n, e }] } as const;
  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const make = (header: object, claims: object) => {
    const text = `${part(header)}.${part(claims)}`;
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`;
  };
  const good = readToken(make({ alg: 'RS256', kid: 'k' }, { a: 1 }));
  assert.ok(good !== undefined && isSignedBy(good, keys));
  const other = readToken(make({ alg: 'RS256', kid: 'other' }, { a: 1 }));
  assert.ok(other !== undefined && !isSignedBy(other, keys));
  assert.equal(readToken(make({ alg: 'none', kid: 'k' }, {})), undefined);
  assert.equal(readToken(make({ alg: 'HS256', kid: 'k' }, {})), undefined);
  assert.equal(readToken('a.b'), undefined);
  const [header = '', , signature = ''] = make({ alg: 'RS256', kid: 'k' }, { a: 1 }).split('.');
  const forged = readToken(`${header}.${part({ a: 2 })}.${signature}`);
  assert.ok(forged !== undefined && !isSignedBy(forged, keys));
});

test('claims and times as functions see them', () => {
  assert.deepEqual(
    printedClaims({ exp: 1_700_000_000, auth_time: 5, 'cognito:groups': ['a', 'b'], email_verified: true }),
    {
      exp: 'Tue Nov 14 22:13:20 UTC 2023',
      auth_time: '5',
      'cognito:groups': 'a,b',
      email_verified: 'true',
    },
  );
  assert.equal(requestTime(1_700_000_000_000), '14/Nov/2023:22:13:20 +0000');
});

test('media types, patterns, buckets, quota periods', () => {
  assert.equal(mediaTypeOf('Application/JSON; charset=utf-8'), 'application/json');
  const isBinary = binaryMatcher(['image/*', 'application/pdf']);
  assert.deepEqual(['image/png', 'application/pdf', 'text/plain', undefined].map(isBinary), [
    true,
    true,
    false,
    false,
  ]);
  assert.ok(patternOf('BAD.*')('BAD\nthing') && !patternOf('BAD')('BADLY') && !patternOf('(')('('));
  const bucket = new TokenBucket(2, 1);
  assert.deepEqual(
    [0, 0, 499, 500, 10_000, 10_000].map((at) => bucket.take(at)),
    [true, false, false, true, true, false],
  );
  const at = Date.UTC(2026, 10, 20, 23, 47);
  assert.equal(periodStart('DAY', at), Date.UTC(2026, 10, 20));
  assert.equal(periodStart('WEEK', at), Date.UTC(2026, 10, 15));
  assert.equal(periodStart('MONTH', at), Date.UTC(2026, 10, 1));
  const day = (date: number, used: number) =>
    ({ key: ['p', 'k', Date.UTC(2026, 10, date)], value: { used } }) as const;
  const days = [day(1, 3), day(19, 2), day(20, 4)];
  assert.equal(remaining({ limit: 10, period: 'DAY' }, days, at), 6);
  assert.equal(remaining({ limit: 10, period: 'WEEK', offset: 5 }, days, at), 4);
  assert.equal(remaining({ limit: 10, period: 'MONTH', offset: 1 }, days, at), 0);
  assert.deepEqual(
    usageBetween({ limit: 10, period: 'MONTH' }, days, Date.UTC(2026, 10, 19), Date.UTC(2026, 10, 20)),
    [
      [2, 5],
      [4, 1],
    ],
  );
});

test('services by the name of their endpoint', () => {
  const of = (uri: string) => serviceOf(`arn:aws:apigateway:us-east-1:${uri}`, 'POST');
  assert.equal(of('states:action/StartExecution')?.service, 'stepfunctions');
  assert.deepEqual(of('s3:path/bucket/{key}'), {
    region: 'us-east-1',
    service: 's3',
    kind: 'path',
    rest: 'bucket/{key}',
    method: 'POST',
  });
  assert.equal(of('nothing:action/X'), undefined);
});

const api = {
  id: 'abc',
  name: '',
  createdAtMs: 0,
  rootResourceId: 'root',
  apiKeySource: 'HEADER',
  endpointConfiguration: { types: ['EDGE'] },
  disableExecuteApiEndpoint: false,
} as const;

function imported(document: object | string) {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return importDocument(readDocument(Buffer.from(text)), {
    world: simulatedWorld(1),
    base: blankDefinition(api),
    mode: 'overwrite',
    basePath: 'prepend',
  });
}

test('OpenAPI 3: components, servers, security by default and by operation', () => {
  const { definition, warnings } = imported({
    openapi: '3.0.1',
    info: { title: 't', version: 2 },
    servers: [{ url: 'https://example.com/{base}', variables: { base: { default: 'v1' } } }],
    security: [{ sig: [] }],
    components: {
      schemas: { Pet: { type: 'object', properties: { friend: { $ref: '#/components/schemas/Pet' } } } },
      securitySchemes: {
        sig: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          'x-amazon-apigateway-authtype': 'awsSigv4',
        },
        fn: {
          type: 'apiKey',
          name: 'X-Token',
          in: 'header',
          'x-amazon-apigateway-authtype': 'custom',
          'x-amazon-apigateway-authorizer': { type: 'token', authorizerUri: 'arn:aws:apigateway:x' },
        },
      },
      'x-amazon-apigateway-integrations': { m: { type: 'mock' } },
    },
    paths: {
      '/pets/{id}': {
        parameters: [{ in: 'path', name: 'id', required: true }],
        get: {
          'x-amazon-apigateway-integration': { $ref: '#/components/x-amazon-apigateway-integrations/m' },
        },
        put: {
          security: [{ fn: ['s'] }],
          requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Pet' } } } },
          'x-amazon-apigateway-integration': { type: 'MOCK' },
        },
        delete: { security: [], 'x-amazon-apigateway-integration': { type: 'mock' } },
      },
    },
  });
  assert.deepEqual(warnings, []);
  assert.equal(definition.api.version, '2');
  assert.deepEqual(
    definition.resources.map(({ path }) => path),
    ['/', '/v1', '/v1/pets', '/v1/pets/{id}'],
  );
  const { GET, PUT, DELETE } = definition.resources.at(-1)?.methods ?? {};
  assert.equal(GET?.authorizationType, 'AWS_IAM');
  assert.deepEqual(GET?.requestParameters, { 'method.request.path.id': true });
  assert.equal(PUT?.authorizationType, 'CUSTOM');
  assert.deepEqual(PUT?.authorizationScopes, ['s']);
  assert.deepEqual(PUT?.requestModels, { 'application/json': 'Pet' });
  assert.equal(DELETE?.authorizationType, 'NONE');
  assert.equal(definition.authorizers[0]?.identitySource, 'method.request.header.X-Token');
  assert.match(definition.models[0]?.schema ?? '', /restapis\/abc\/models\/Pet/);
});

test('documents that are none, and those that go in a circle', () => {
  assert.throws(() => imported('::'), { message: 'Invalid OpenAPI input.' });
  assert.throws(() => imported('swagger: 3'), { message: 'Invalid OpenAPI input.' });
  assert.throws(
    () => imported({ swagger: '2.0', info: { title: 't' }, paths: { '/a': { $ref: '#/paths/~1a' } } }),
    /circle/,
  );
  assert.throws(
    () =>
      imported({
        swagger: '2.0',
        info: { title: 't' },
        paths: { '/a': { get: { 'x-amazon-apigateway-integration': { type: 'odd' } } } },
      }),
    /malformed integration at path \/a/,
  );
});

test('an API exported and imported again is the same', () => {
  const { definition } = imported({
    swagger: '2.0',
    info: { title: 't', version: '1' },
    definitions: { Pet: { type: 'object', properties: { friend: { $ref: '#/definitions/Pet' } } } },
    securityDefinitions: {
      key: { type: 'apiKey', name: 'x-api-key', in: 'header' },
      fn: {
        type: 'apiKey',
        name: 'Unused',
        in: 'header',
        'x-amazon-apigateway-authtype': 'custom',
        'x-amazon-apigateway-authorizer': {
          type: 'request',
          authorizerUri: 'arn:aws:apigateway:x',
          identitySource: 'method.request.header.A, context.stage',
        },
      },
    },
    paths: {
      '/pets': {
        post: {
          security: [{ fn: [] }, { key: [] }],
          parameters: [
            { in: 'query', name: 'q', required: false },
            { in: 'body', name: 'b', schema: { $ref: '#/definitions/Pet' } },
          ],
          responses: { 200: { description: '', schema: { $ref: '#/definitions/Pet' }, headers: { X: {} } } },
          'x-amazon-apigateway-request-validator': 'all',
          'x-amazon-apigateway-integration': {
            type: 'mock',
            requestTemplates: { 'application/json': '{}' },
            responses: { default: { statusCode: 200 }, '4.*': { statusCode: 400 } },
          },
        },
        'x-amazon-apigateway-any-method': {
          'x-amazon-apigateway-auth': { type: 'aws_iam' },
          'x-amazon-apigateway-integration': {
            type: 'http_proxy',
            httpMethod: 'ANY',
            uri: 'http://example.com',
          },
        },
      },
    },
    'x-amazon-apigateway-request-validators': { all: { validateRequestBody: true } },
    'x-amazon-apigateway-gateway-responses': { THROTTLED: { statusCode: 420 } },
  });
  // Ids are made anew; all else must come back.
  const essence = (value: unknown) =>
    JSON.stringify(value, (key, member) =>
      ['id', 'parentId', 'authorizerId', 'requestValidatorId', 'cacheNamespace'].includes(key)
        ? undefined
        : member,
    );
  for (const version of [2, 3] as const) {
    const options = { version, stageName: 's', region: 'us-east-1', integrations: true, authorizers: true };
    const document = JSON.parse(JSON.stringify(exportDocument(definition, options))) as object;
    const again = importDocument(readDocument(Buffer.from(JSON.stringify(document))), {
      world: simulatedWorld(2),
      base: blankDefinition(api),
      mode: 'overwrite',
      basePath: 'ignore',
    });
    assert.deepEqual(again.warnings, []);
    assert.deepEqual(JSON.parse(essence(again.definition)), JSON.parse(essence(definition)));
  }
});
