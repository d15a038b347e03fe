import type { Context } from '../../src/service/context.ts';
import { cancelJob, enqueueJob } from '../../src/service/jobs.ts';
import type { Blobs } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/store.ts';
import type { World } from '../../src/world/world.ts';

const ACCOUNT = '000000000000';
const NEVER = new AbortController().signal;

/** A context to call a service's operations with over a store of the test's own: no pipeline, no other service. */
export function serviceContext(options: {
  readonly service: string;
  readonly store: Store;
  readonly world: World;
  readonly blobs: Blobs;
  /** Stands for the other services. */
  readonly call?: (service: string, operation: string, input: unknown) => Promise<unknown>;
}): Context {
  const { service, store, world, blobs } = options;
  const absent = (what: string) => () => {
    throw new Error(`the test's context has no ${what}`);
  };
  const scope = { service, account: ACCOUNT, region: 'us-east-1' };
  const context = {
    ...scope,
    requestId: 'test',
    operation: 'test',
    principal: {
      kind: 'root',
      account: ACCOUNT,
      arn: `arn:aws:iam::${ACCOUNT}:root`,
      userId: ACCOUNT,
    },
    signal: NEVER,
    world,
    store,
    blobs,
    endpoint: 'http://127.0.0.1:4566',
    derivedFolder: '',
    transact: store.transact.bind(store),
    enqueue: (tx, job) => enqueueJob(tx, world, scope, job),
    cancelJob,
    call: options.call ?? absent('other services'),
    log: () => undefined,
    as: () => context,
  } as Partial<Context> as Context;
  return context;
}
