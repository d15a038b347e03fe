import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateModelCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  DeleteDeploymentCommand,
  DeleteRestApiCommand,
  GetMethodCommand,
  GetModelCommand,
  GetResourcesCommand,
  GetRestApiCommand,
  GetStageCommand,
  GetTagsCommand,
  ImportRestApiCommand,
  PutIntegrationCommand,
  PutIntegrationResponseCommand,
  PutMethodCommand,
  PutMethodResponseCommand,
  PutRestApiCommand,
  TagResourceCommand,
  UpdateMethodCommand,
  UpdateRestApiCommand,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';
import { withLambent } from '../support/clients.ts';

const lambent = await withLambent();
const api = lambent.client(APIGatewayClient);

const newApi = async (name = 'pets') => {
  const made = await api.send(new CreateRestApiCommand({ name }));
  return { restApiId: made.id as string, rootId: made.rootResourceId as string };
};

test('an API is made with AWS’s defaults, read, patched and deleted', async () => {
  const { restApiId } = await newApi();
  const made = await api.send(new GetRestApiCommand({ restApiId }));
  assert.deepEqual(made.endpointConfiguration, { types: ['EDGE'], ipAddressType: 'ipv4' });
  assert.equal(made.apiKeySource, 'HEADER');
  const patched = await api.send(
    new UpdateRestApiCommand({
      restApiId,
      patchOperations: [
        { op: 'add', path: '/binaryMediaTypes/image~1png' },
        { op: 'replace', path: '/description', value: 'ours' },
      ],
    }),
  );
  assert.deepEqual(patched.binaryMediaTypes, ['image/png']);
  assert.equal(patched.description, 'ours');
  await assert.rejects(
    api.send(
      new UpdateRestApiCommand({ restApiId, patchOperations: [{ op: 'add', path: '/binaryMediaTypes' }] }),
    ),
    { name: 'BadRequestException', message: 'Invalid patch path /binaryMediaTypes' },
  );
  await api.send(new DeleteRestApiCommand({ restApiId }));
  await assert.rejects(api.send(new GetRestApiCommand({ restApiId })), {
    name: 'NotFoundException',
    message: `Invalid API identifier specified 000000000000:${restApiId}`,
  });
});

test('resources form a tree with one variable a level', async () => {
  const { restApiId, rootId } = await newApi();
  const make = (parentId: string, pathPart: string) =>
    api.send(new CreateResourceCommand({ restApiId, parentId, pathPart }));
  const pets = await make(rootId, 'pets');
  const pet = await make(pets.id as string, '{id}');
  assert.equal(pet.path, '/pets/{id}');
  await assert.rejects(make(rootId, 'pets'), {
    name: 'ConflictException',
    message: 'Another resource with the same parent already has this name: pets',
  });
  await assert.rejects(make(pets.id as string, '{other}'), {
    message: 'A sibling ({id}) of this resource already has a variable path part -- only one is allowed',
  });
  const all = await api.send(new GetResourcesCommand({ restApiId }));
  assert.deepEqual(all.items?.map(({ path }) => path).sort(), ['/', '/pets', '/pets/{id}']);
});

test('a mock method is deployed to a stage, and the deployment holds while the stage names it', async () => {
  const { restApiId, rootId: resourceId } = await newApi();
  const httpMethod = 'GET';
  const key = { restApiId, resourceId, httpMethod };
  await api.send(new PutMethodCommand({ ...key, authorizationType: 'NONE' }));
  await assert.rejects(api.send(new CreateDeploymentCommand({ restApiId })), {
    message: 'No integration defined for method',
  });
  await api.send(
    new PutIntegrationCommand({
      ...key,
      type: 'MOCK',
      requestTemplates: { 'application/json': '{"statusCode": 200}' },
    }),
  );
  // What stands in the request's path is told without the input's name.
  await assert.rejects(api.send(new PutIntegrationResponseCommand({ ...key, statusCode: 'wrong' })), {
    message: /Value 'wrong' at 'statusCode' failed to satisfy constraint/,
  });
  // The method's response may come later.
  await api.send(new PutIntegrationResponseCommand({ ...key, statusCode: '200' }));
  await api.send(new PutMethodResponseCommand({ ...key, statusCode: '200' }));
  const method = await api.send(new GetMethodCommand(key));
  assert.equal(method.methodIntegration?.timeoutInMillis, 29_000);
  assert.equal(method.methodIntegration?.cacheNamespace, resourceId);
  const updated = await api.send(
    new UpdateMethodCommand({
      ...key,
      patchOperations: [{ op: 'replace', path: '/authorizationType', value: 'AWS_IAM' }],
    }),
  );
  assert.equal(updated.authorizationType, 'AWS_IAM');

  const deployment = await api.send(new CreateDeploymentCommand({ restApiId, stageName: 'dev' }));
  const stage = await api.send(
    new UpdateStageCommand({
      restApiId,
      stageName: 'dev',
      patchOperations: [
        { op: 'replace', path: '/variables/table', value: 'pets' },
        { op: 'replace', path: '/*/*/throttling/rateLimit', value: '50' },
      ],
    }),
  );
  assert.deepEqual(stage.variables, { table: 'pets' });
  assert.equal(stage.methodSettings?.['*/*']?.throttlingRateLimit, 50);
  assert.equal(stage.cacheClusterStatus, 'NOT_AVAILABLE');
  await assert.rejects(
    api.send(
      new UpdateStageCommand({
        restApiId,
        stageName: 'dev',
        patchOperations: [{ op: 'replace', path: '/cacheClusterEnabled', value: 'true' }],
      }),
    ),
    { name: 'BadRequestException', message: /cache cluster .* not simulated/ },
  );
  await assert.rejects(
    api.send(new DeleteDeploymentCommand({ restApiId, deploymentId: deployment.id as string })),
    { message: 'Active stages pointing to this deployment must be moved or deleted' },
  );
  const arn = `arn:aws:apigateway:us-east-1::/restapis/${restApiId}/stages/dev`;
  await api.send(new TagResourceCommand({ resourceArn: arn, tags: { team: 'blue' } }));
  assert.deepEqual((await api.send(new GetTagsCommand({ resourceArn: arn }))).tags, { team: 'blue' });
  assert.deepEqual((await api.send(new GetStageCommand({ restApiId, stageName: 'dev' }))).tags, {
    team: 'blue',
  });
});

test('models are draft 4; what cannot be checked is refused', async () => {
  const { restApiId } = await newApi();
  const make = (name: string, schema: string) =>
    api.send(new CreateModelCommand({ restApiId, name, contentType: 'application/json', schema }));
  await make('Pet', '{"type": "object", "required": ["name"]}');
  await assert.rejects(make('Pet', '{}'), { name: 'ConflictException' });
  await assert.rejects(make('Bad', '{"type": '), { name: 'BadRequestException' });
  await assert.rejects(make('If', '{"if": {}}'), { message: /Unsupported keyword in schema: if/ });
  const empty = await api.send(new GetModelCommand({ restApiId, modelName: 'Empty' }));
  assert.match(empty.schema ?? '', /draft-04/);
});

const SWAGGER = `
swagger: 2.0
info: {title: rides, version: 1}
basePath: /v1
securityDefinitions:
  Pool:
    type: apiKey
    name: Authorization
    in: header
    x-amazon-apigateway-authtype: cognito_user_pools
    x-amazon-apigateway-authorizer:
      type: cognito_user_pools
      providerARNs: ['arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc']
paths:
  /ride/{id}:
    post:
      security: [{Pool: []}, {Nobody: []}]
      parameters: [{in: body, name: body, schema: {$ref: '#/definitions/Empty'}}]
      responses: {}
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        uri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:ride/invocations
    options:
      responses:
        '200': {description: ok, headers: {Access-Control-Allow-Origin: {type: string}}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: '{"statusCode": 200}'}
        responses:
          default:
            statusCode: 200
            responseParameters: {method.response.header.Access-Control-Allow-Origin: "'*'"}
x-amazon-apigateway-gateway-responses:
  DEFAULT_4XX:
    responseParameters: {gatewayresponse.header.Access-Control-Allow-Origin: "'*'"}
x-amazon-apigateway-binary-media-types: [image/png]
`;

test('a Swagger document with extensions becomes an API; merging keeps what it does not name', async () => {
  const body = Buffer.from(SWAGGER);
  const made = await api.send(new ImportRestApiCommand({ body }));
  const restApiId = made.id as string;
  assert.equal(made.name, 'rides');
  assert.equal(made.version, '1');
  assert.deepEqual(made.binaryMediaTypes, ['image/png']);
  assert.equal(made.warnings?.length, 1);
  await assert.rejects(
    api.send(new PutRestApiCommand({ restApiId, body, failOnWarnings: true })),
    /Warnings found during import/,
  );
  const resources = await api.send(new GetResourcesCommand({ restApiId, embed: ['methods'] }));
  const ride = resources.items?.find(({ path }) => path === '/ride/{id}');
  const post = ride?.resourceMethods?.['POST'];
  assert.equal(post?.authorizationType, 'COGNITO_USER_POOLS');
  assert.deepEqual(post?.requestModels, { 'application/json': 'Empty' });
  assert.equal(post?.methodIntegration?.type, 'AWS_PROXY');
  assert.deepEqual(ride?.resourceMethods?.['OPTIONS']?.methodIntegration?.integrationResponses?.['200'], {
    statusCode: '200',
    responseParameters: { 'method.response.header.Access-Control-Allow-Origin': "'*'" },
  });
  const more = JSON.stringify({
    openapi: '3.0.1',
    info: { title: 'rides', version: '2' },
    paths: {
      '/more': {
        'x-amazon-apigateway-any-method': { 'x-amazon-apigateway-integration': { type: 'mock' } },
      },
    },
  });
  await api.send(new PutRestApiCommand({ restApiId, body: Buffer.from(more), mode: 'merge' }));
  const merged = await api.send(new GetResourcesCommand({ restApiId }));
  assert.deepEqual(merged.items?.map(({ path }) => path).sort(), ['/', '/more', '/ride', '/ride/{id}']);
  await api.send(new PutRestApiCommand({ restApiId, body: Buffer.from(more), mode: 'overwrite' }));
  const whole = await api.send(new GetResourcesCommand({ restApiId }));
  assert.deepEqual(whole.items?.map(({ path }) => path).sort(), ['/', '/more']);
});
