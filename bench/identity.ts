import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from '../src/data-folder.ts';
import { Call, type HttpRequest } from '../src/gateway/call.ts';
import type { Host } from '../src/gateway/call-context.ts';
import { PIPELINE } from '../src/gateway/pipeline.ts';
import { createRegistry } from '../src/gateway/registry.ts';
import type { Ports } from '../src/service/ports.ts';
import { createIdentityPort } from '../src/services/iam/port.ts';
import { services } from '../src/services/index.ts';
import { createOrganizationsPort } from '../src/services/organizations/port.ts';
import { openLmdb } from '../src/store/lmdb.ts';
import { startLambent } from '../src/testing/index.ts';
import { type SigningCredentials, signRequest } from '../src/wire/sigv4-client.ts';
import { realWorld } from '../src/world/real.ts';
import { dynamodbCall, signedRequest } from '../test/support/signed.ts';
import { runLoad } from './load.ts';
import { type Line, mostRatioLine } from './report.ts';
import { assumeBenchRole, fillTable, keyOf, TABLE } from './setup.ts';

const REQUESTS = 20_000;
const DISTINCT = 2_000;
const ROUNDS = 5;
const CONNECTIONS = 32;

/**
 * What it costs to know who signed a GetItem and whether they may: processor time of those two steps of the pipeline,
 * against that of one whole request to a bare `node:http` server.
 */
export async function benchIdentity(barePort: number, folder: string): Promise<readonly Line[]> {
  const dataFolder = join(folder, 'identity');
  mkdirSync(dataFolder, { recursive: true });
  const lambent = await startLambent({ dataFolder });
  const credentials = await assumeBenchRole(lambent.port);
  await fillTable(lambent.port, 100);
  const host = new URL(lambent.endpoint).host;
  await lambent.stop();

  const steps = await openSteps(dataFolder, credentials, host);
  const bareRequests = Array.from({ length: REQUESTS }, (_, index) =>
    signedRequest(barePort, credentials, dynamodbCall('GetItem', { TableName: TABLE, Key: keyOf(index) })),
  );
  const identity: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    identity.push(((await steps.cpuUs(true)) - (await steps.cpuUs(false))) / REQUESTS);
    const before = await bareCpuUs(barePort);
    await runLoad(barePort, CONNECTIONS, bareRequests, false);
    bare.push(((await bareCpuUs(barePort)) - before) / REQUESTS);
  }
  await steps.close();
  return [
    mostRatioLine(
      'signature and authorisation of a GetItem by a role’s session, CPU / one bare node:http request',
      median(identity.slice(1)),
      median(bare.slice(1)),
      0.8,
      ' µs',
    ),
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Processor time of the bare server's process so far. */
async function bareCpuUs(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/cpu`);
  const { user, system } = (await answer.json()) as NodeJS.CpuUsage;
  return user + system;
}

/** The pipeline's own steps over the data a server left, without sockets and without a handler. */
async function openSteps(dataFolder: string, credentials: SigningCredentials, host: string) {
  const world = realWorld();
  const opened = await openDataFolder(dataFolder, world.random.bytes);
  const store = await openLmdb({ folder: opened.store, world });
  const identity = createIdentityPort({
    store,
    world,
    sealKey: opened.sealKey,
    root: { account: '000000000000', allowBuiltInKeys: true },
  });
  const ports = { identity, organizations: createOrganizationsPort(store) } as Ports;
  const registry = createRegistry(services);
  const shared = {
    world,
    store,
    ports,
    iam: 'enforce',
    defaultAccount: '000000000000',
    defaultRegion: 'us-east-1',
    inFlight: new Map(),
    definition: (name: string) => registry.definition(name),
  } as unknown as Host;
  const requests = Array.from({ length: DISTINCT }, (_, index) => getItem(index, credentials, host));
  const named = (names: readonly string[]) => PIPELINE.filter(({ name }) => names.includes(name));
  const all = named(['route', 'authenticate', 'decode', 'validate', 'authorise']);
  const others = named(['route', 'decode', 'validate']);
  return {
    /** Of {@link REQUESTS} requests, with the two steps or without. */
    async cpuUs(withIdentity: boolean): Promise<number> {
      const chosen = withIdentity ? all : others;
      const began = process.cpuUsage();
      for (let index = 0; index < REQUESTS; index++) {
        const call = new Call(shared, registry, requests[index % DISTINCT]);
        for (const { run } of chosen) {
          const pending = run(call);
          if (pending !== undefined) await pending;
        }
        if (withIdentity && call.decision === undefined) throw new Error('nothing was decided');
      }
      const { user, system } = process.cpuUsage(began);
      return user + system;
    },
    async close(): Promise<void> {
      await store.close();
      await opened.close();
    },
  };
}

function getItem(index: number, credentials: SigningCredentials, host: string): HttpRequest {
  const body = Buffer.from(JSON.stringify({ TableName: TABLE, Key: keyOf(index) }));
  const headers = signRequest(
    {
      method: 'POST',
      path: '/',
      query: '',
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.0',
        'content-length': String(body.length),
        'x-amz-target': 'DynamoDB_20120810.GetItem',
        'user-agent': 'aws-sdk-js/3.1000.0',
      },
      body,
    },
    { credentials, region: 'us-east-1', service: 'dynamodb', nowMs: Date.now() },
  );
  return {
    method: 'POST',
    host,
    path: '/',
    query: '',
    headers,
    sourceIp: '127.0.0.1',
    secure: false,
    resourcePath: '/',
    body,
    buffered: body,
    stream: undefined,
    tooLarge: false,
    route: undefined,
    form: undefined,
    signal: () => AbortSignal.abort(),
    fromFunction: () => false,
  };
}
