import { strict as assert } from 'node:assert';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import * as gateway from '@aws-sdk/client-api-gateway';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sqs from '@aws-sdk/client-sqs';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const apis = lambent.client(gateway.APIGatewayClient);
const functions = lambent.client(lambda.LambdaClient);
const identities = lambent.client(iam.IAMClient);
const pools = lambent.client(cognito.CognitoIdentityProviderClient);
const tables = lambent.client(dynamodb.DynamoDBClient);
let backend: Server;
let role = '';

const ECHO = `exports.handler = async (event) => ({
  statusCode: 200, headers: {'x-one': 'a', 'Content-Type': 'application/json'},
  multiValueHeaders: {'x-many': ['b', 'c']}, body: JSON.stringify(event) })`;
const AUTHORIZER = `exports.handler = async (event) => {
  const token = event.authorizationToken ?? event.headers['x-who'];
  if (token === 'nobody') throw new Error('Unauthorized');
  if (token === 'broken') throw new Error('oops');
  return { principalId: 'me', context: { calls: ++globalThis.calls || (globalThis.calls = 1) }, policyDocument: {
    Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Resource: event.methodArn,
    Effect: token === 'allow' ? 'Allow' : 'Deny' }] } };
}`;

before(async () => {
  role = await makeRole('runner', ['lambda.amazonaws.com', 'apigateway.amazonaws.com'], 'dynamodb:*');
  backend = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.statusCode = request.url?.startsWith('/missing') === true ? 404 : 200;
    response.end(JSON.stringify({ url: request.url, method: request.method, who: request.headers['x-who'] }));
  });
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  backend.closeAllConnections();
  backend.close();
});

async function makeRole(RoleName: string, services: readonly string[], action: string): Promise<string> {
  const document = (statement: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
  const { Role } = await identities.send(
    new iam.CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: document({ Principal: { Service: services }, Action: 'sts:AssumeRole' }),
    }),
  );
  await identities.send(
    new iam.PutRolePolicyCommand({
      RoleName,
      PolicyName: 'does',
      PolicyDocument: document({ Action: action, Resource: '*' }),
    }),
  );
  return Role?.Arn ?? '';
}

async function makeFunction(FunctionName: string, source: string, permitted = true): Promise<string> {
  const made = await functions.send(
    new lambda.CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from(source) }) },
    }),
  );
  if (permitted) {
    await functions.send(
      new lambda.AddPermissionCommand({
        FunctionName,
        StatementId: 'api',
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: `arn:aws:execute-api:us-east-1:${lambent.account}:*/*`,
      }),
    );
  }
  return made.FunctionArn ?? '';
}

const invoking = (arn: string) =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;
const proxy = (arn: string) => ({
  'x-amazon-apigateway-integration': { type: 'aws_proxy', httpMethod: 'POST', uri: invoking(arn) },
});

/** Imports and deploys a document of these paths; gives the address of its stage. */
async function deploy(paths: object, more: object = {}, variables?: Record<string, string>): Promise<string> {
  const document = { swagger: '2.0', info: { title: 'api', version: '1' }, paths, ...more };
  const { id = '' } = await apis.send(
    new gateway.ImportRestApiCommand({ body: Buffer.from(JSON.stringify(document)) }),
  );
  await apis.send(new gateway.CreateDeploymentCommand({ restApiId: id, stageName: 'dev', variables }));
  return `${lambent.endpoint}/_aws/execute-api/${id}/dev`;
}

const idOf = (url: string) => new URL(url).pathname.split('/')[3] as string;

async function json(response: Response): Promise<Record<string, never>> {
  return (await response.json()) as Record<string, never>;
}

test('a mock answers CORS; what no route leads to has AWS’s answer and the API’s headers', async () => {
  const url = await deploy(
    {
      '/ride': {
        options: {
          responses: { 200: { description: 'ok' } },
          'x-amazon-apigateway-integration': {
            type: 'mock',
            requestTemplates: { 'application/json': '{statusCode: 200}' },
            responses: {
              default: {
                statusCode: 200,
                responseParameters: { 'method.response.header.Access-Control-Allow-Origin': "'*'" },
              },
            },
          },
        },
      },
    },
    {
      'x-amazon-apigateway-gateway-responses': {
        DEFAULT_4XX: {
          responseParameters: { 'gatewayresponse.header.Access-Control-Allow-Origin': "'*'" },
          responseTemplates: {
            'application/json':
              '{"message":$context.error.messageString,"type":"$context.error.responseType"}',
          },
        },
      },
    },
  );
  const preflight = await fetch(`${url}/ride`, {
    method: 'OPTIONS',
    headers: { origin: 'http://example.com', 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  assert.match(preflight.headers.get('x-amz-apigw-id') ?? '', /=$/);
  const lost = await fetch(`${url}/nowhere`);
  assert.equal(lost.status, 403);
  assert.equal(lost.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
  assert.equal(lost.headers.get('access-control-allow-origin'), '*');
  assert.deepEqual(await json(lost), {
    message: 'Missing Authentication Token',
    type: 'MISSING_AUTHENTICATION_TOKEN',
  });
  const unknown = await fetch(`${lambent.endpoint}/_aws/execute-api/nosuchapi/dev/`);
  assert.equal(unknown.status, 403);
  assert.deepEqual(await json(unknown), { message: 'Forbidden' });
});

test('a function behind a proxy sees the whole request and says the whole answer', async () => {
  const echo = await makeFunction('echo', ECHO);
  const url = await deploy(
    {
      '/pets/{id}': { post: proxy(echo) },
      '/{proxy+}': { 'x-amazon-apigateway-any-method': proxy('${stageVariables.function}') },
    },
    {},
    { function: 'echo' },
  );
  const answer = await fetch(`${url}/pets/a%20b?q=1&q=%C3%A9`, {
    method: 'POST',
    headers: { 'X-Test': 'yes', 'content-type': 'application/json' },
    body: '{"a": 1}',
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-many'), 'b, c');
  const event = (await answer.json()) as Record<string, Record<string, unknown>>;
  assert.equal(event['resource'], '/pets/{id}');
  assert.equal(event['path'], '/pets/a%20b');
  assert.deepEqual(event['pathParameters'], { id: 'a%20b' });
  assert.deepEqual(event['queryStringParameters'], { q: 'é' });
  assert.deepEqual(event['multiValueQueryStringParameters'], { q: ['1', 'é'] });
  assert.equal(event['body'], '{"a": 1}');
  assert.equal(event['isBase64Encoded'], false);
  assert.deepEqual(event['stageVariables'], { function: 'echo' });
  const context = event['requestContext'] as Record<string, unknown>;
  assert.equal(context['path'], '/dev/pets/a%20b');
  assert.equal(context['stage'], 'dev');
  assert.equal(context['resourcePath'], '/pets/{id}');
  assert.equal(context['apiId'], idOf(url));
  assert.match(String(context['requestTime']), /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  const greedy = await fetch(`${url}/x/y/z`);
  assert.deepEqual(((await greedy.json()) as Record<string, unknown>)['pathParameters'], { proxy: 'x/y/z' });
  const other = await fetch(`${lambent.endpoint}/restapis/${idOf(url)}/dev/_user_request_/pets/1`, {
    method: 'POST',
  });
  assert.equal(((await other.json()) as Record<string, unknown>)['body'], null);
});

test('a function nobody permitted, a malformed answer and an error are told apart', async () => {
  const closed = await makeFunction('closed', ECHO, false);
  const malformed = await makeFunction('malformed', `exports.handler = async () => ({ body: { a: 1 } })`);
  const failing = await makeFunction('failing', `exports.handler = async () => { throw new Error('no') }`);
  const url = await deploy({
    '/closed': { get: proxy(closed) },
    '/malformed': { get: proxy(malformed) },
    '/failing': { get: proxy(failing) },
    '/mapped': {
      get: {
        'x-amazon-apigateway-integration': {
          type: 'aws',
          httpMethod: 'POST',
          uri: invoking(failing),
          responses: {
            default: { statusCode: 200 },
            'n.*': {
              statusCode: 409,
              responseTemplates: { 'application/json': `{"was": $input.json('$.errorMessage')}` },
            },
          },
        },
      },
    },
  });
  for (const [path, status] of [
    ['closed', 500],
    ['malformed', 502],
    ['failing', 502],
  ] as const) {
    const answer = await fetch(`${url}/${path}`);
    assert.equal(answer.status, status, path);
    assert.deepEqual(await json(answer), { message: 'Internal server error' });
  }
  const mapped = await fetch(`${url}/mapped`);
  assert.equal(mapped.status, 409);
  assert.deepEqual(await json(mapped), { was: 'no' });
});

test('a user pool’s tokens open a method until they expire', async () => {
  const { UserPool } = await pools.send(new cognito.CreateUserPoolCommand({ PoolName: 'riders' }));
  const { UserPoolClient } = await pools.send(
    new cognito.CreateUserPoolClientCommand({
      UserPoolId: UserPool?.Id ?? '',
      ClientName: 'web',
      ExplicitAuthFlows: ['ALLOW_ADMIN_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
    }),
  );
  const UserPoolId = UserPool?.Id ?? '';
  await pools.send(
    new cognito.AdminCreateUserCommand({ UserPoolId, Username: 'ann', MessageAction: 'SUPPRESS' }),
  );
  await pools.send(
    new cognito.AdminSetUserPasswordCommand({
      UserPoolId,
      Username: 'ann',
      Password: 'Passw0rd!x',
      Permanent: true,
    }),
  );
  const { AuthenticationResult } = await pools.send(
    new cognito.AdminInitiateAuthCommand({
      UserPoolId,
      ClientId: UserPoolClient?.ClientId ?? '',
      AuthFlow: 'ADMIN_USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: 'ann', PASSWORD: 'Passw0rd!x' },
    }),
  );
  const echo = await makeFunction('claims', ECHO);
  const url = await deploy(
    { '/ride': { post: { security: [{ Pool: [] }], ...proxy(echo) } } },
    {
      securityDefinitions: {
        Pool: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          'x-amazon-apigateway-authtype': 'cognito_user_pools',
          'x-amazon-apigateway-authorizer': { type: 'cognito_user_pools', providerARNs: [UserPool?.Arn] },
        },
      },
    },
  );
  const ride = (authorization?: string) =>
    fetch(`${url}/ride`, {
      method: 'POST',
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    });
  const anonymous = await ride();
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.headers.get('x-amzn-errortype'), 'UnauthorizedException');
  assert.deepEqual(await json(anonymous), { message: 'Unauthorized' });
  const token = AuthenticationResult?.IdToken ?? '';
  const answer = await ride(token);
  assert.equal(answer.status, 200);
  const event = (await answer.json()) as {
    requestContext: { authorizer: { claims: Record<string, string> } };
  };
  const { claims } = event.requestContext.authorizer;
  assert.equal(claims['cognito:username'], 'ann');
  assert.match(claims['exp'] ?? '', /^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d [\d:]{8} UTC \d{4}$/);
  assert.equal((await ride(`Bearer ${token}`)).status, 200);
  assert.equal((await ride(AuthenticationResult?.AccessToken ?? '')).status, 401);
  assert.equal((await ride(`${token.slice(0, -8)}AAAAAAAA`)).status, 401);
  await lambent.advance(3601);
  const late = await ride(token);
  assert.equal(late.status, 401);
  assert.deepEqual(await json(late), { message: 'The incoming token has expired' });
});

test('a function authorises, and what it said is kept for a while', async () => {
  const authorizer = await makeFunction('authorizer', AUTHORIZER);
  const echo = await makeFunction('authorised', ECHO);
  const url = await deploy(
    { '/a': { get: { security: [{ Custom: [] }], ...proxy(echo) } } },
    {
      securityDefinitions: {
        Custom: {
          type: 'apiKey',
          name: 'Authorization',
          in: 'header',
          'x-amazon-apigateway-authtype': 'custom',
          'x-amazon-apigateway-authorizer': {
            type: 'token',
            authorizerUri: invoking(authorizer),
            identityValidationExpression: '[a-z]+',
            authorizerResultTtlInSeconds: 60,
          },
        },
      },
    },
  );
  const get = (authorization: string) => fetch(`${url}/a`, { headers: { authorization } });
  const contextOf = async (response: Response) =>
    ((await response.json()) as { requestContext: { authorizer: Record<string, string> } }).requestContext
      .authorizer;
  const first = await contextOf(await get('allow'));
  assert.equal(first['principalId'], 'me');
  assert.equal((await contextOf(await get('allow')))['calls'], first['calls']);
  await lambent.advance(61);
  assert.notEqual((await contextOf(await get('allow')))['calls'], first['calls']);
  const deny = await get('deny');
  assert.equal(deny.status, 403);
  assert.deepEqual(await json(deny), {
    Message: 'User is not authorized to access this resource with an explicit deny',
  });
  assert.equal((await get('nobody')).status, 401);
  assert.equal((await get('NOT-FITTING')).status, 401);
  const broken = await get('broken');
  assert.equal(broken.status, 500);
  assert.equal(broken.headers.get('x-amzn-errortype'), 'AuthorizerConfigurationException');
  assert.deepEqual(await json(broken), { message: null });
});

async function signed(url: string, credentials: { accessKeyId: string; secretAccessKey: string }) {
  const { hostname, port, pathname, host } = new URL(url);
  const signer = new SignatureV4({
    credentials,
    region: 'us-east-1',
    service: 'execute-api',
    sha256: Sha256,
  });
  const request = await signer.sign(
    new HttpRequest({
      method: 'GET',
      protocol: 'http:',
      hostname,
      port: Number(port),
      path: pathname,
      headers: { host },
    }),
  );
  const { host: _, ...headers } = request.headers;
  return fetch(url, { headers });
}

test('IAM lets in who may invoke, and the function is called as the caller', async () => {
  const echo = await makeFunction('signed', ECHO, false);
  const url = await deploy({
    '/a': {
      get: {
        'x-amazon-apigateway-auth': { type: 'AWS_IAM' },
        'x-amazon-apigateway-integration': {
          type: 'aws_proxy',
          httpMethod: 'POST',
          credentials: 'arn:aws:iam::*:user/*',
          uri: invoking(echo),
        },
      },
    },
  });
  const unsigned = await fetch(`${url}/a`);
  assert.equal(unsigned.status, 403);
  assert.deepEqual(await json(unsigned), { message: 'Missing Authentication Token' });
  const root = await signed(`${url}/a`, lambent.credentials);
  assert.equal(root.status, 200);
  const event = (await root.json()) as { requestContext: { identity: Record<string, string> } };
  assert.equal(event.requestContext.identity['userArn'], `arn:aws:iam::${lambent.account}:root`);
  const wrong = await signed(`${url}/a`, { accessKeyId: 'test', secretAccessKey: 'wrong' });
  assert.equal(wrong.headers.get('x-amzn-errortype'), 'InvalidSignatureException');

  await identities.send(new iam.CreateUserCommand({ UserName: 'bob' }));
  const { AccessKey } = await identities.send(new iam.CreateAccessKeyCommand({ UserName: 'bob' }));
  const bob = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const denied = await signed(`${url}/a`, bob);
  assert.equal(denied.status, 403);
  assert.match(
    String((await json(denied))['Message']),
    /user\/bob is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:\*{8}0000:/,
  );
  const allow = (Action: string) =>
    identities.send(
      new iam.PutUserPolicyCommand({
        UserName: 'bob',
        PolicyName: Action.replace(':', '-'),
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
        }),
      }),
    );
  await allow('execute-api:Invoke');
  // He may call the API now, but not the function with his own credentials.
  assert.equal((await signed(`${url}/a`, bob)).status, 500);
  await allow('lambda:InvokeFunction');
  assert.equal((await signed(`${url}/a`, bob)).status, 200);
});

test('a resource policy shuts out whom it does not name', async () => {
  const url = await deploy(
    {
      '/open': { get: mockOf('open') },
      '/shut': { get: mockOf('shut') },
    },
    {
      'x-amazon-apigateway-policy': {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: '*',
            Action: 'execute-api:Invoke',
            Resource: 'execute-api:/dev/GET/open',
          },
        ],
      },
    },
  );
  assert.equal((await fetch(`${url}/open`)).status, 200);
  const shut = await fetch(`${url}/shut`);
  assert.equal(shut.status, 403);
  assert.match(String((await json(shut))['Message']), /^User: anonymous is not authorized to perform/);
});

function mockOf(body: string, template = '{"statusCode": 200}') {
  return {
    'x-amazon-apigateway-integration': {
      type: 'mock',
      requestTemplates: { 'application/json': template },
      responses: { default: { statusCode: 200, responseTemplates: { 'application/json': body } } },
    },
  };
}

test('keys are required, limited by their plan, and counted', async () => {
  const url = await deploy(
    { '/a': { get: { security: [{ key: [] }], ...mockOf('{"ok": true}') } } },
    { securityDefinitions: { key: { type: 'apiKey', name: 'x-api-key', in: 'header' } } },
  );
  const key = await apis.send(new gateway.CreateApiKeyCommand({ name: 'k', enabled: true }));
  const get = () => fetch(`${url}/a`, { headers: { 'x-api-key': key.value ?? '' } });
  assert.deepEqual(await json(await fetch(`${url}/a`)), { message: 'Forbidden' });
  assert.equal((await get()).status, 403);
  const plan = await apis.send(
    new gateway.CreateUsagePlanCommand({
      name: 'p',
      apiStages: [{ apiId: idOf(url), stage: 'dev' }],
      quota: { limit: 2, period: 'DAY' },
    }),
  );
  await apis.send(
    new gateway.CreateUsagePlanKeyCommand({
      usagePlanId: plan.id ?? '',
      keyId: key.id ?? '',
      keyType: 'API_KEY',
    }),
  );
  assert.equal((await get()).status, 200);
  assert.equal((await get()).status, 200);
  const over = await get();
  assert.equal(over.status, 429);
  assert.deepEqual(await json(over), { message: 'Limit Exceeded' });
  const today = (await (await fetch(`${lambent.endpoint}/_lambent/clock`)).json()) as { now: string };
  const date = new Date(today.now).toISOString().slice(0, 10);
  const { items } = await apis.send(
    new gateway.GetUsageCommand({ usagePlanId: plan.id ?? '', startDate: date, endDate: date }),
  );
  assert.deepEqual(items, { [key.id ?? '']: [[2, 0]] });
  await apis.send(
    new gateway.UpdateUsageCommand({
      usagePlanId: plan.id ?? '',
      keyId: key.id ?? '',
      patchOperations: [{ op: 'replace', path: '/remaining', value: '1' }],
    }),
  );
  assert.equal((await get()).status, 200);
  assert.equal((await get()).status, 429);
  await lambent.advance(86_400);
  assert.equal((await get()).status, 200);
});

test('requests are checked and mapped; a table answers through templates', async () => {
  await tables.send(
    new dynamodb.CreateTableCommand({
      TableName: 'pets',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  const uri = (action: string) => `arn:aws:apigateway:us-east-1:dynamodb:action/${action}`;
  const url = await deploy(
    {
      '/pets/{id}': {
        put: {
          parameters: [
            { in: 'query', name: 'by', required: true },
            {
              in: 'body',
              name: 'b',
              schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
            },
          ],
          'x-amazon-apigateway-request-validator': 'all',
          'x-amazon-apigateway-integration': {
            type: 'aws',
            httpMethod: 'POST',
            credentials: role,
            uri: uri('PutItem'),
            requestTemplates: {
              'application/json': `#set($pet = $input.path('$'))
{"TableName": "pets", "Item": {"id": {"S": "$input.params('id')"}, "name": {"S": "$util.escapeJavaScript($pet.name)"}}}`,
            },
            responses: {
              default: {
                statusCode: 201,
                responseTemplates: { 'application/json': '{"by": "$input.params(\'by\')"}' },
              },
              '4\\d{2}': { statusCode: 400 },
            },
          },
        },
        get: {
          'x-amazon-apigateway-integration': {
            type: 'aws',
            httpMethod: 'POST',
            credentials: role,
            uri: uri('GetItem'),
            requestTemplates: {
              'application/json': `{"TableName": "pets", "Key": {"id": {"S": "$input.params('id')"}}}`,
            },
            passthroughBehavior: 'never',
            responses: {
              default: {
                statusCode: 200,
                responseTemplates: {
                  'application/json': `#set($item = $input.path('$.Item'))
#if($item.name)
{"name": "$item.name.S"}
#else
#set($context.responseOverride.status = 404)
{"message": "no pet"}
#end`,
                },
              },
            },
          },
        },
      },
    },
    {
      'x-amazon-apigateway-request-validators': {
        all: { validateRequestBody: true, validateRequestParameters: true },
      },
    },
  );
  const put = (query: string, body: string) =>
    fetch(`${url}/pets/1${query}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
  const missing = await put('', '{}');
  assert.equal(missing.status, 400);
  assert.deepEqual(await json(missing), { message: 'Missing required request parameters: [by]' });
  assert.deepEqual(await json(await put('?by=me', '{}')), { message: 'Invalid request body' });
  const made = await put('?by=me', '{"name": "R\\"ex"}');
  assert.equal(made.status, 201);
  assert.deepEqual(await json(made), { by: 'me' });
  assert.equal(await (await fetch(`${url}/pets/1`)).text().then((text) => text.trim()), '{"name": "R"ex"}');
  const none = await fetch(`${url}/pets/2`);
  assert.equal(none.status, 404);
  assert.deepEqual(await json(none), { message: 'no pet' });
  const wrongType = await fetch(`${url}/pets/1`, { headers: { 'content-type': 'text/plain' } });
  assert.equal(wrongType.status, 415);
  assert.deepEqual(await json(wrongType), { message: 'Unsupported Media Type' });
});

test('HTTP endpoints are called as mapped, or as the client called', async () => {
  const { port } = backend.address() as AddressInfo;
  const url = await deploy({
    '/proxy/{proxy+}': {
      get: {
        'x-amazon-apigateway-integration': {
          type: 'http_proxy',
          httpMethod: 'GET',
          uri: `http://127.0.0.1:${port}/{proxy}`,
          requestParameters: { 'integration.request.path.proxy': 'method.request.path.proxy' },
        },
      },
    },
    '/mapped': {
      get: {
        'x-amazon-apigateway-integration': {
          type: 'http',
          httpMethod: 'POST',
          uri: `http://127.0.0.1:${port}/missing`,
          requestParameters: { 'integration.request.header.x-who': "'us'" },
          responses: {
            default: { statusCode: 200 },
            404: {
              statusCode: 410,
              responseParameters: { 'method.response.header.x-from': 'integration.response.body.who' },
            },
          },
        },
      },
    },
    '/dead': {
      get: {
        'x-amazon-apigateway-integration': {
          type: 'http_proxy',
          httpMethod: 'GET',
          uri: 'http://127.0.0.1:1/',
        },
      },
    },
  });
  const passed = await fetch(`${url}/proxy/a/b?c=1`, { headers: { 'x-who': 'me' } });
  assert.deepEqual(await json(passed), { url: '/a/b?c=1', method: 'GET', who: 'me' });
  const mapped = await fetch(`${url}/mapped`);
  assert.equal(mapped.status, 410);
  assert.equal(mapped.headers.get('x-from'), 'us');
  const dead = await fetch(`${url}/dead`);
  assert.equal(dead.status, 504);
});

test('a deployment stays as it was, and a stage follows where it points', async () => {
  const url = await deploy({ '/a': { get: mockOf('1') } });
  const restApiId = idOf(url);
  assert.equal(await (await fetch(`${url}/a`)).text(), '1');
  const body = Buffer.from(
    JSON.stringify({ swagger: '2.0', info: { title: 'api' }, paths: { '/a': { get: mockOf('2') } } }),
  );
  await apis.send(new gateway.PutRestApiCommand({ restApiId, body, mode: 'overwrite' }));
  assert.equal(await (await fetch(`${url}/a`)).text(), '1');
  await apis.send(new gateway.CreateDeploymentCommand({ restApiId, stageName: 'dev' }));
  assert.equal(await (await fetch(`${url}/a`)).text(), '2');
  await apis.send(new gateway.DeleteStageCommand({ restApiId, stageName: 'dev' }));
  assert.equal((await fetch(`${url}/a`)).status, 403);
});

test('an API is exported, compressed, and tried before it is deployed', async () => {
  const url = await deploy(
    { '/a/{id}': { get: mockOf(`{"id": "$input.params('id')", "text": "${'x'.repeat(100)}"}`) } },
    { 'x-amazon-apigateway-minimum-compression-size': 50 },
  );
  const restApiId = idOf(url);
  const exported = await apis.send(
    new gateway.GetExportCommand({
      restApiId,
      stageName: 'dev',
      exportType: 'oas30',
      parameters: { extensions: 'apigateway' },
    }),
  );
  const document = JSON.parse(Buffer.from(exported.body ?? []).toString()) as { paths: object };
  assert.deepEqual(Object.keys(document.paths), ['/a/{id}']);
  const packed = await fetch(`${url}/a/1`, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.equal((await json(packed))['id'], '1');
  const { items = [] } = await apis.send(new gateway.GetResourcesCommand({ restApiId }));
  const tried = await apis.send(
    new gateway.TestInvokeMethodCommand({
      restApiId,
      resourceId: items.find(({ path }) => path === '/a/{id}')?.id ?? '',
      httpMethod: 'GET',
      pathWithQueryString: '/a/7?b=c',
    }),
  );
  assert.equal(tried.status, 200);
  assert.equal((JSON.parse(tried.body ?? '') as { id: string }).id, '7');
  assert.match(
    tried.log ?? '',
    /\n\w{3} \w{3} \d\d [\d:]{8} UTC \d{4} : HTTP Method: GET, Resource Path: \/a\/7\n.* : Method request path: \{id=7\}\n.* : Method request query string: \{b=c\}\n/,
  );
});

test('an API answers under its own host, and a stage’s limit holds there too', async () => {
  const url = await deploy({ '/a': { get: mockOf('{"domain": "$context.domainName"}') } });
  const restApiId = idOf(url);
  const get = () =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = { host: `${restApiId}.execute-api.localhost:${lambent.port}` };
      httpRequest({ host: '127.0.0.1', port: lambent.port, path: '/dev/a', headers }, async (response) => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        resolve({ status: response.statusCode ?? 0, text });
      })
        .on('error', reject)
        .end();
    });
  assert.deepEqual(await get(), {
    status: 200,
    text: `{"domain": "${restApiId}.execute-api.localhost"}`,
  });
  await apis.send(
    new gateway.UpdateStageCommand({
      restApiId,
      stageName: 'dev',
      patchOperations: [
        { op: 'replace', path: '/*/*/throttling/rateLimit', value: '1' },
        { op: 'replace', path: '/*/*/throttling/burstLimit', value: '1' },
      ],
    }),
  );
  assert.equal((await get()).status, 200);
  assert.deepEqual(await get(), { status: 429, text: '{"message":"Too Many Requests"}' });
});

test('objects are served from S3 by path, under a role', async () => {
  const store = lambent.client(s3.S3Client);
  await store.send(new s3.CreateBucketCommand({ Bucket: 'pictures' }));
  await store.send(
    new s3.PutObjectCommand({ Bucket: 'pictures', Key: 'a/b.txt', Body: 'hello', ContentType: 'text/plain' }),
  );
  store.destroy();
  const reader = await makeRole('reader', ['apigateway.amazonaws.com'], 's3:GetObject');
  const object = (role: string) => ({
    get: {
      'x-amazon-apigateway-integration': {
        type: 'aws',
        httpMethod: 'GET',
        credentials: role,
        uri: `arn:aws:apigateway:us-east-1:s3:path/pictures/{key}`,
        requestParameters: { 'integration.request.path.key': 'method.request.path.proxy' },
        responses: {
          default: {
            statusCode: 200,
            responseParameters: {
              'method.response.header.Content-Type': 'integration.response.header.Content-Type',
            },
          },
          '403': { statusCode: 403 },
          '404': { statusCode: 404 },
        },
      },
    },
  });
  const url = await deploy({ '/may/{proxy+}': object(reader), '/maynot/{proxy+}': object(role) });
  const found = await fetch(`${url}/may/a/b.txt`);
  assert.equal(found.status, 200);
  assert.equal(found.headers.get('content-type'), 'text/plain');
  assert.equal(await found.text(), 'hello');
  assert.equal((await fetch(`${url}/maynot/a/b.txt`)).status, 403);
});

test('an authorizer that sees the request is asked by what identifies it', async () => {
  const authorizer = await makeFunction('requests', AUTHORIZER);
  const url = await deploy(
    {
      '/a': { get: { security: [{ Custom: [] }], ...mockOf('{"who": "$context.authorizer.principalId"}') } },
    },
    {
      securityDefinitions: {
        Custom: {
          type: 'apiKey',
          name: 'Unused',
          in: 'header',
          'x-amazon-apigateway-authtype': 'custom',
          'x-amazon-apigateway-authorizer': {
            type: 'request',
            authorizerUri: invoking(authorizer),
            identitySource: 'method.request.header.x-who, method.request.querystring.q',
          },
        },
      },
    },
  );
  const get = (query: string, who: string) => fetch(`${url}/a${query}`, { headers: { 'x-who': who } });
  assert.equal((await get('', 'allow')).status, 401);
  assert.deepEqual(await json(await get('?q=1', 'allow')), { who: 'me' });
  assert.equal((await get('?q=1', 'other')).status, 403);
});

test('a queue takes messages by its path and by an action, in both of SQS’s dialects', async () => {
  const { endpoint, region, credentials, account } = lambent;
  const queues = new sqs.SQSClient({ endpoint, region, credentials, maxAttempts: 1 });
  const { QueueUrl = '' } = await queues.send(new sqs.CreateQueueCommand({ QueueName: 'orders' }));
  const sender = await makeRole('sender', ['apigateway.amazonaws.com'], 'sqs:SendMessage');
  const integration = (uri: string, template: string, type: string) => ({
    post: {
      'x-amazon-apigateway-integration': {
        type: 'aws',
        httpMethod: 'POST',
        credentials: sender,
        uri: `arn:aws:apigateway:us-east-1:sqs:${uri}`,
        requestParameters: { 'integration.request.header.Content-Type': `'${type}'` },
        requestTemplates: { 'application/json': template },
        passthroughBehavior: 'never',
        responses: { default: { statusCode: 400 }, '200': { statusCode: 202 } },
      },
    },
  });
  const url = await deploy({
    '/path': integration(
      `path/${account}/orders`,
      'Action=SendMessage&MessageBody=$util.urlEncode($input.body)',
      'application/x-www-form-urlencoded',
    ),
    '/action': integration(
      'action/SendMessage',
      `{"QueueUrl": "${QueueUrl}", "MessageBody": "$util.escapeJavaScript($input.body)"}`,
      'application/x-amz-json-1.0',
    ),
  });
  const post = (path: string) =>
    fetch(`${url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"by": "${path}"}`,
    });
  assert.equal((await post('path')).status, 202);
  assert.equal((await post('action')).status, 202);
  const { Messages = [] } = await queues.send(
    new sqs.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
  );
  queues.destroy();
  assert.deepEqual(Messages.map(({ Body }) => Body).sort(), ['{"by": "action"}', '{"by": "path"}']);
});

test('a body over ten megabytes is too long', async () => {
  const url = await deploy({ '/a': { post: mockOf('1') } });
  const answer = await fetch(`${url}/a`, { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1) });
  assert.equal(answer.status, 413);
  assert.deepEqual(await json(answer), { message: 'Request Too Long' });
});
