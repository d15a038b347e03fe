import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import type { Started } from '../test/support/process.ts';
import { benchColdStart } from './cold-start.ts';
import { compare } from './dynamodb.ts';
import { benchIdle, benchOverhead, benchSimultaneous, invokeRequest } from './invoke-extremes.ts';
import { runLoad } from './load.ts';
import { type Line, mostLine, ratioLine } from './report.ts';
import { clientOptions } from './setup.ts';

const REQUESTS = 8_000;
const CONNECTIONS = 8;
const COLD = 20;
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

export async function makeFunction(
  port: number,
  name: string,
  source: string,
  environment: Record<string, string> = {},
): Promise<void> {
  const iam = new IAMClient(clientOptions(port));
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: TRUST }));
  await new LambdaClient(clientOptions(port)).send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: `arn:aws:iam::000000000000:role/${name}`,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      MemorySize: 256,
      Timeout: 30,
      Code: { ZipFile: zipSync({ 'index.mjs': strToU8(source) }) },
      Environment: { Variables: environment },
    }),
  );
}

export async function benchInvoke(
  barePort: number,
  { port, child }: Started,
  credentials: SigningCredentials,
): Promise<readonly Line[]> {
  const request = invokeRequest(port, credentials);
  await makeFunction(port, 'bench-echo', 'export const handler = async (event) => event;');
  const rounds = Array.from({ length: 4 }, (_, round) =>
    Array.from({ length: REQUESTS }, (_, index) => request('bench-echo', { index, round })),
  );
  const warm = await compare(barePort, port, CONNECTIONS, rounds);
  const lines = [
    ratioLine('warm invoke of a Node echo, 8 connections / bare node:http', warm.measured, warm.bare, 0.12),
  ];

  const cold: number[] = [];
  for (let i = 0; i < COLD; i++) {
    await makeFunction(port, `bench-cold-${i}`, 'export const handler = async (event) => event;');
    // The pool replaces what the last one took.
    await new Promise((resolve) => setTimeout(resolve, 400));
    cold.push((await runLoad(port, 1, [request(`bench-cold-${i}`, { i })])).p50);
  }
  cold.sort((a, b) => a - b);
  lines.push(mostLine('cold start with a pre-started worker, median of 20', cold[COLD / 2] ?? 0, 15, 'ms'));
  lines.push(
    await benchColdStart(port, request),
    await benchOverhead(port, request),
    await benchSimultaneous(port, request),
  );
  if (process.platform === 'linux') lines.push(await benchIdle(port, child.pid ?? 0, request));
  return lines;
}
