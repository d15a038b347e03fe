import { assert } from '../base/assert.ts';
import type { ActionDecision } from '../service/audit.ts';
import type { CallOptions, Context, HttpFacts, JobId, NewJob } from '../service/context.ts';
import { cancelJob, enqueueJob } from '../service/jobs.ts';
import type { Ports } from '../service/ports.ts';
import type { Principal } from '../service/principal.ts';
import type { ServiceDefinition } from '../service/service.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Store, Transaction, TransactOptions } from '../store/store.ts';
import type { World } from '../world/world.ts';
import type { ServerLog } from './log.ts';

/** What every context shares. */
export interface Host {
  readonly world: World;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly ports: Ports;
  readonly derivedFolder: string;
  /** Of unsigned requests, and of keys that name no account. */
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  /** `audit` lets through what it would deny, and says so. */
  readonly iam: 'enforce' | 'audit';
  /** Known once the server listens. */
  endpoint(): string;
  readonly log: ServerLog;
  /** Calls under way, by account. */
  readonly inFlight: Map<string, number>;
  readonly definition: (service: string) => ServiceDefinition | undefined;
  /** Runs an inner call through the pipeline from validation on. */
  readonly callInside: (
    from: CallContext,
    service: string,
    operation: string,
    input: unknown,
    options: CallOptions,
  ) => Promise<unknown>;
}

export interface Scope {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly http?: HttpFacts | undefined;
  readonly inside?: boolean | undefined;
  readonly traceHeader?: string | undefined;
  readonly via?: readonly string[] | undefined;
  readonly decisions?: ActionDecision[] | undefined;
  /** Made on first use: few handlers look at it. */
  readonly signal?: (() => AbortSignal) | undefined;
}

const NOBODY: readonly string[] = [];
const NEVER = new AbortController().signal;

/** The context of one call; made for every request, so it only holds references. */
export class CallContext implements Context {
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly http?: HttpFacts;
  readonly inside: boolean;
  readonly traceHeader?: string;
  readonly via: readonly string[];
  /** What was decided so far. */
  readonly decisions: ActionDecision[];
  readonly #host: Host;
  readonly #signal: (() => AbortSignal) | undefined;
  #openTransactions = 0;

  constructor(host: Host, scope: Scope) {
    this.#host = host;
    this.requestId = scope.requestId;
    this.account = scope.account;
    this.region = scope.region;
    this.service = scope.service;
    this.operation = scope.operation;
    this.principal = scope.principal;
    if (scope.http !== undefined) this.http = scope.http;
    this.inside = scope.inside === true;
    if (scope.traceHeader !== undefined) this.traceHeader = scope.traceHeader;
    this.via = scope.via ?? NOBODY;
    this.decisions = scope.decisions ?? [];
    this.#signal = scope.signal;
  }

  get signal(): AbortSignal {
    return this.#signal?.() ?? NEVER;
  }
  get world(): World {
    return this.#host.world;
  }
  get store(): Store {
    return this.#host.store;
  }
  get blobs(): Blobs {
    return this.#host.blobs;
  }
  get ports(): Ports {
    return this.#host.ports;
  }
  get endpoint(): string {
    return this.#host.endpoint();
  }
  get derivedFolder(): string {
    return this.#host.derivedFolder;
  }

  transact<T>(body: (tx: Transaction) => Promise<T>, options?: TransactOptions): Promise<T> {
    this.#openTransactions++;
    const over = (): void => {
      this.#openTransactions--;
    };
    const transaction = this.#host.store.transact(body, options);
    transaction.then(over, over);
    return transaction;
  }

  async call<Output>(
    service: string,
    operation: string,
    input: unknown,
    options: CallOptions = {},
  ): Promise<Output> {
    assert(this.#openTransactions === 0, `${service}.${operation} is called inside a transaction body`);
    return (await this.#host.callInside(this, service, operation, input, options)) as Output;
  }

  enqueue(tx: Transaction, job: NewJob): JobId {
    return enqueueJob(tx, this.#host.world, this, job);
  }

  cancelJob(tx: Transaction, id: JobId): void {
    cancelJob(tx, id);
  }

  async watchResource(
    service: string,
    resourceArn: string,
    callback: () => void,
  ): Promise<(() => void) | undefined> {
    const range = await this.#host.definition(service)?.changes?.(resourceArn, this);
    return range && this.store.watch(range, callback);
  }

  async nextChange(service: string, resourceArn: string): Promise<number | undefined> {
    return this.#host.definition(service)?.nextChange?.(resourceArn, this);
  }

  noteDecision(decision: ActionDecision): void {
    this.decisions.push(decision);
  }

  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    facts?: Readonly<Record<string, unknown>>,
  ): void {
    this.#host.log.event(level, `${this.service}: ${message}`, { requestId: this.requestId, ...facts });
  }

  as(scope: {
    readonly account?: string;
    readonly region?: string;
    readonly principal?: Principal;
    readonly operation?: string;
  }): CallContext {
    return new CallContext(this.#host, {
      requestId: this.requestId,
      account: scope.account ?? this.account,
      region: scope.region ?? this.region,
      service: this.service,
      operation: scope.operation ?? this.operation,
      principal: scope.principal ?? this.principal,
      http: this.http,
      inside: this.inside,
      traceHeader: this.traceHeader,
      via: this.via,
      decisions: this.decisions,
      signal: this.#signal,
    });
  }
}
