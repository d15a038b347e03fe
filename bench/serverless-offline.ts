import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainRequest } from '../test/support/signed.ts';
import { proxyTo } from './api.ts';
import { compare } from './dynamodb.ts';
import { makeFunction } from './invoke.ts';
import { cacheFolder, freePort, type PeerServer, startPeer } from './peer-server.ts';
import { type Line, ratioLine } from './report.ts';

/** The last majors that work without an account of theirs. */
const PACKAGES = ['serverless@3', 'serverless-offline@13'];
const NAME = 'bench-http';
const REQUESTS = 2_000;
const CONNECTIONS = 8;
const ROUNDS = 4;
const HANDLER = `
export const handler = async (event) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ index: event.pathParameters.index }),
});
`;

/** The folder with the packages in it, installed if need be; undefined when they cannot be had. */
function brought(): string | undefined {
  const folder = cacheFolder('serverless-offline');
  const modules = join(folder, 'node_modules');
  if (existsSync(join(modules, 'serverless-offline/package.json'))) return modules;
  mkdirSync(folder, { recursive: true });
  try {
    const words = ['install', '--prefix', folder, '--no-audit', '--no-fund', ...PACKAGES];
    execFileSync('npm', words, { stdio: 'ignore' });
    return modules;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

/** serverless-offline with the function at `/dev/{index}`; a text says why it cannot be had. */
async function startServerlessOffline(folder: string): Promise<PeerServer | string> {
  const modules = brought();
  if (modules === undefined) return 'npm cannot bring it';
  const [httpPort, lambdaPort] = [await freePort(), await freePort()];
  const service = {
    service: 'bench',
    frameworkVersion: '3',
    provider: { name: 'aws', runtime: 'nodejs20.x', region: 'us-east-1' },
    plugins: ['serverless-offline'],
    custom: { 'serverless-offline': { host: '127.0.0.1', httpPort, lambdaPort } },
    functions: { http: { handler: 'index.handler', events: [{ http: 'GET /{index}' }] } },
  };
  writeFileSync(join(folder, 'serverless.json'), JSON.stringify(service));
  writeFileSync(join(folder, 'index.mjs'), HANDLER);
  symlinkSync(modules, join(folder, 'node_modules'));
  return startPeer(
    httpPort,
    process.execPath,
    [join(modules, 'serverless/bin/serverless.js'), 'offline', '--config', 'serverless.json'],
    {
      cwd: folder,
      env: {
        SLS_TELEMETRY_DISABLED: '1',
        SLS_NOTIFICATIONS_MODE: 'off',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    },
  );
}

/** A REST API's function by HTTP, beside the same handler under serverless-offline, which runs it in its own process. */
export async function benchServerlessOffline(port: number, notes: string[]): Promise<readonly Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lambent-bench-offline-'));
  try {
    const peer = await startServerlessOffline(folder);
    if (typeof peer === 'string') {
      notes.push(`serverless-offline is not compared: ${peer}`);
      return [];
    }
    try {
      await makeFunction(port, NAME, HANDLER);
      const stage = await proxyTo(port, NAME);
      const rounds = (to: number, path: string) =>
        Array.from({ length: ROUNDS }, () =>
          Array.from({ length: REQUESTS }, (_, index) =>
            plainRequest('GET', `${path}/${index}`, { host: `127.0.0.1:${to}` }, ''),
          ),
        );
      const { measured, bare } = await compare(peer.port, port, CONNECTIONS, rounds(port, stage), {
        bareRounds: rounds(peer.port, '/dev'),
      });
      return [ratioLine('HTTP → function, 8 connections / serverless-offline', measured, bare, 1)];
    } finally {
      await peer.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
