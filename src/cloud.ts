import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { installedRuntimesFolder, openDataFolder } from './data-folder.ts';
import { createAccess } from './gateway/access.ts';
import { openAwsNames } from './gateway/aws-names/aws-names.ts';
import { CallContext, type Host } from './gateway/call-context.ts';
import { controlDoors } from './gateway/control.ts';
import { ownedDoors } from './gateway/doors.ts';
import { isLoopback } from './gateway/guard.ts';
import { createGateway } from './gateway/http.ts';
import { identityDoors } from './gateway/identity-doors.ts';
import { createLog, type Level } from './gateway/log.ts';
import { createOpener } from './gateway/opener.ts';
import { callInside } from './gateway/pipeline.ts';
import { actionPrefixes, createRegistry } from './gateway/registry.ts';
import { openVirtualClock } from './gateway/virtual-clock.ts';
import { createRuntimes } from './runtimes/runtimes.ts';
import { createDirectory } from './service/directory.ts';
import { Fault } from './service/faults.ts';
import type { Ports } from './service/ports.ts';
import { createPump } from './service/pump.ts';
import { createAudit } from './services/cloudtrail/port.ts';
import { createTokens } from './services/cognito-idp/port.ts';
import { createCapacityPort } from './services/dynamodb/port.ts';
import { createIdentityPort } from './services/iam/port.ts';
import { createInbox } from './services/inbox/port.ts';
import { services } from './services/index.ts';
import { createOrganizationsPort } from './services/organizations/port.ts';
import { type CollectedBlobs, fileBlobs } from './store/blobs.ts';
import { openLmdb } from './store/lmdb.ts';
import type { Store } from './store/store.ts';
import type { AdjustableClock, Cancel, World } from './world/world.ts';

/** Real time. */
const FIRST_COLLECT_MS = 5_000;
const COLLECT_EVERY_MS = 600_000;

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Opens a store; it may keep what it holds in the folder. */
export type OpenStore = (options: { readonly folder: string; readonly world: World }) => Promise<Store>;

export interface CloudOptions {
  readonly world: World & { readonly clock: AdjustableClock };
  readonly version: string;
  /** The data folder; made when missing. Without it everything lives in a temporary one that goes with the server. */
  readonly dataFolder?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly account: string;
  readonly region: string;
  readonly iam: 'enforce' | 'audit';
  /** The root key pair of the default account; off loopback one is made when it is absent. */
  readonly rootKey?: RootKey | undefined;
  readonly writeLog: (text: string) => void;
  /** LMDB by default. */
  readonly openStore?: OpenStore | undefined;
  /** Asked at each line: what is below is not written. `info` when absent. */
  readonly logLevel?: (() => Level) | undefined;
}

/** A running Lambent. */
export interface Cloud {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly port: number;
  readonly dataFolder: string;
  readonly services: readonly string[];
  /** What isolation functions get here, in a line. */
  readonly isolation: string;
  /** Set when the server made its own root key, to be printed once. */
  readonly madeRootKey: RootKey | undefined;
  close(): Promise<void>;
}

/** Off loopback the well-known keys do not exist: somebody else could use them. */
function rootKeys(options: CloudOptions): { readonly key: RootKey | undefined; readonly made: boolean } {
  if (options.rootKey !== undefined) return { key: options.rootKey, made: false };
  if (isLoopback(options.host)) return { key: undefined, made: false };
  const { random } = options.world;
  return {
    key: {
      accessKeyId: `LKIA${random.id(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
      secretAccessKey: random.id(40, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'),
    },
    made: true,
  };
}

const JOB_GRACE_MS = 2_000;

/** Frees what no row holds any more: once soon after the start, then now and then. */
function collectBlobs(blobs: CollectedBlobs, world: World, onError: (error: unknown) => void): Cancel {
  let cancel: Cancel;
  let stopped = false;
  const collect = async (first: boolean): Promise<void> => {
    try {
      if (first) await blobs.sweep();
      await blobs.collect();
    } catch (error) {
      if (!stopped) onError(error);
    }
    if (!stopped) cancel = world.timers.after(COLLECT_EVERY_MS, () => void collect(false));
  };
  cancel = world.timers.after(FIRST_COLLECT_MS, () => void collect(true));
  return () => {
    stopped = true;
    cancel();
  };
}

/** Puts the parts together and serves: the one place that knows every engine, port and service. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { world, region } = options;
  const folder = await openDataFolder(options.dataFolder, world.random.bytes);
  const store = await (options.openStore ?? openLmdb)({ folder: folder.store, world });
  const blobs = await fileBlobs({ folder: folder.blobs, store, world });
  const log = createLog(world, options.writeLog, options.logLevel);
  const root = rootKeys(options);
  let endpoint = '';
  const directory = createDirectory();
  const organizations = createOrganizationsPort(store);
  const identity = createIdentityPort({
    store,
    world,
    organizations,
    ...(options.iam === 'audit'
      ? {
          onAudited: (service: string, roleArn: string) =>
            log.event('info', `would deny ${service}`, {
              missing: `a trust policy of ${roleArn} that names it`,
            }),
        }
      : {}),
    sealKey: folder.sealKey,
    root: {
      account: options.account,
      allowBuiltInKeys: root.key === undefined,
      keys: root.key === undefined ? [] : [{ ...root.key, account: options.account }],
    },
  });
  const registry = createRegistry(services);
  const awsNames = await openAwsNames(world, folder.derived);
  const ports: Ports = {
    identity,
    organizations,
    access: createAccess({
      world,
      identity,
      organizations,
      iam: options.iam,
      log,
      definition: (service) => registry.definition(service),
    }),
    audit: createAudit({
      store,
      world,
      organizations,
      onError: (error, lost) =>
        log.event('error', 'records of calls could not be written', { lost, error: String(error) }),
    }),
    directory,
    inbox: createInbox(world),
    tokens: createTokens({ store, directory }),
    capacity: createCapacityPort({ store, world }),
    runtimes: await createRuntimes({
      world,
      folder: join(folder.derived, 'runtimes'),
      names: awsNames,
      installed: installedRuntimesFolder(),
    }),
  };

  const host: Host = {
    world,
    store,
    blobs,
    ports,
    derivedFolder: folder.derived,
    defaultAccount: options.account,
    defaultRegion: region,
    iam: options.iam,
    endpoint: () => endpoint,
    log,
    inFlight: new Map(),
    definition: (service) => registry.definition(service),
    callInside: (from, service, operation, input, callOptions) =>
      callInside(host, registry, from, service, operation, input, callOptions),
  };
  const serviceContext = (
    service: string,
    operation: string,
    account: string,
    inRegion: string,
    requestId: string,
  ) =>
    new CallContext(host, {
      requestId,
      account,
      region: inRegion,
      service,
      operation,
      principal: { kind: 'service', service: `${service}.amazonaws.com`, account },
    });

  const pump = createPump({
    store,
    world,
    isSole: folder.isSole,
    run: (job, id) => {
      const handler = registry.definition(job.service)?.jobs?.[job.kind];
      if (handler === undefined) throw new Error(`no handler for ${job.service}.${job.kind}`);
      return handler(job.payload, serviceContext(job.service, job.kind, job.account, job.region, id));
    },
    onError: (job, error, final) =>
      log.event(final ? 'error' : 'warn', `job ${job.service}.${job.kind} ${final ? 'given up' : 'failed'}`, {
        error: Fault.is(error)
          ? `${error.code}: ${error.message}`
          : error instanceof Error
            ? error.stack
            : String(error),
      }),
  });
  const clock = await openVirtualClock(store, world.clock, {
    ...pump,
    // What was done before the clock moves is recorded before: jobs that are due for it run on the way.
    advance: async (untilMs, setNow) => {
      await ports.audit.flush();
      await pump.advance(untilMs, setNow);
    },
  });

  const served = services.filter(({ model }) => model !== undefined).map(({ name }) => name);
  const gateway = createGateway({
    host,
    registry,
    doors: [
      ...controlDoors({
        version: options.version,
        services: served,
        isolation: ports.runtimes.isolation.summary,
        runtimes: () => ports.runtimes.list(),
        opener: createOpener(ports.runtimes),
        clock,
      }).map((door) => ({ door, service: 'lambent' })),
      ...identityDoors(createOpener(ports.runtimes), actionPrefixes(registry)).map((door) => ({
        door,
        service: 'lambent',
      })),
      ...ownedDoors(services),
    ],
    boundHost: options.host,
  });
  awsNames?.serve(gateway.server);
  await new Promise<void>((resolve, reject) => {
    gateway.server.once('error', reject);
    gateway.server.listen(options.port, options.host, () => resolve());
  });
  const { port } = gateway.server.address() as AddressInfo;
  const shownHost = options.host === '0.0.0.0' || options.host === '::' ? '127.0.0.1' : options.host;
  endpoint = `http://${shownHost.includes(':') ? `[${shownHost}]` : shownHost}:${port}`;

  const stops: (() => Promise<void>)[] = [];
  for (const { name, start } of services) {
    const stop = await start?.(serviceContext(name, 'start', options.account, region, world.random.uuid()));
    if (stop !== undefined) stops.push(stop);
  }
  await pump.start();
  const stopCollecting = collectBlobs(blobs, world, (error) =>
    log.event('warn', 'collecting blobs failed', {
      error: error instanceof Error ? error.message : String(error),
    }),
  );
  await folder.announce({ pid: process.pid, endpoint, version: options.version });

  return {
    endpoint,
    port,
    dataFolder: folder.path,
    services: served,
    isolation: ports.runtimes.isolation.summary,
    madeRootKey: root.made ? root.key : undefined,
    close: async () => {
      stopCollecting();
      awsNames?.close();
      gateway.close();
      // Jobs that run functions get a moment; what does not end in it is a row still, and runs after the next start.
      const pumped = pump.stop();
      const drained = new AbortController();
      await Promise.race([pumped, world.timers.sleep(JOB_GRACE_MS, drained.signal)]);
      drained.abort();
      await ports.runtimes.close();
      await pumped;
      for (const stop of stops.reverse()) await stop();
      gateway.destroy();
      await ports.audit.flush();
      await store.close();
      log.flush();
      await folder.close();
    },
  };
}
