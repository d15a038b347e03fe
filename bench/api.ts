import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateResourceCommand,
  CreateRestApiCommand,
  GetResourcesCommand,
  PutIntegrationCommand,
  PutMethodCommand,
} from '@aws-sdk/client-api-gateway';
import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AddPermissionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { packageFolder } from '../src/base/package-folder.ts';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { start } from '../test/support/process.ts';
import { plainRequest } from '../test/support/signed.ts';
import { compare } from './dynamodb.ts';
import { HANDLER_SOURCE } from './handler.ts';
import { makeFunction } from './invoke.ts';
import { type Line, ratioLine } from './report.ts';
import { clientOptions, TABLE } from './setup.ts';

const NAME = 'bench-api';
const REQUESTS = 4_000;
const CONNECTIONS = 8;
/** Each of the function's processes compiles the SDK for itself, and sees an eighth of the requests. */
const WARM_UP = 6;

/** The function that reads an item, behind an API; returns the path of its stage. */
export async function makeApi(port: number): Promise<string> {
  const options = clientOptions(port);
  await makeFunction(port, NAME, HANDLER_SOURCE, { TABLE });
  await new IAMClient(options).send(
    new PutRolePolicyCommand({
      RoleName: NAME,
      PolicyName: 'read',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'dynamodb:GetItem',
            Resource: `arn:aws:dynamodb:us-east-1:000000000000:table/${TABLE}`,
          },
          {
            Effect: 'Allow',
            Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: '*',
          },
        ],
      }),
    }),
  );
  return proxyTo(port, NAME);
}

/** A proxy resource `/{index}` with a function behind it; returns the path of its stage. */
export async function proxyTo(port: number, name: string): Promise<string> {
  const options = clientOptions(port);
  const gateway = new APIGatewayClient(options);
  const { id: restApiId } = await gateway.send(new CreateRestApiCommand({ name }));
  const { items } = await gateway.send(new GetResourcesCommand({ restApiId }));
  const { id: resourceId } = await gateway.send(
    new CreateResourceCommand({ restApiId, parentId: items?.[0]?.id, pathPart: '{index}' }),
  );
  const method = { restApiId, resourceId, httpMethod: 'GET' };
  await gateway.send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
  await gateway.send(
    new PutIntegrationCommand({
      ...method,
      type: 'AWS_PROXY',
      integrationHttpMethod: 'POST',
      uri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:${name}/invocations`,
    }),
  );
  await new LambdaClient(options).send(
    new AddPermissionCommand({
      FunctionName: name,
      StatementId: 'api',
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    }),
  );
  await gateway.send(new CreateDeploymentCommand({ restApiId, stageName: 'prod' }));
  return `/_aws/execute-api/${restApiId}/prod`;
}

/** API Gateway → Lambda → DynamoDB against the same handler, SDK and table behind a bare server. */
export async function benchApi(port: number, credentials: SigningCredentials): Promise<readonly Line[]> {
  const stage = await makeApi(port);
  // Inside the package, so that the handler's SDK is the one functions get.
  const folder = mkdtempSync(join(packageFolder(), 'dist/bench/handler-'));
  const source = join(folder, 'index.mjs');
  writeFileSync(source, HANDLER_SOURCE);
  const reference = await start(
    join(packageFolder(), 'dist/bench/handler-server.js'),
    [source],
    /ready (\d+)/,
    {
      TABLE,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken ?? '',
    },
  );
  try {
    const rounds = Array.from({ length: WARM_UP + 5 }, () =>
      Array.from({ length: REQUESTS }, (_, index) =>
        plainRequest('GET', `${stage}/${index}`, { host: `127.0.0.1:${port}` }, ''),
      ),
    );
    const { measured, bare } = await compare(reference.port, port, CONNECTIONS, rounds, { warmUp: WARM_UP });
    return [
      ratioLine(
        'API Gateway → Lambda → GetItem, 8 connections / the same handler behind node:http',
        measured,
        bare,
        0.5,
      ),
    ];
  } finally {
    await reference.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
