import type { Blobs } from '../store/blobs.ts';
import type { Store, Transaction, TransactOptions } from '../store/store.ts';
import type { World } from '../world/world.ts';
import type { ActionDecision } from './audit.ts';
import type { Ports } from './ports.ts';
import type { Principal } from './principal.ts';

/** Everything an operation, a front door or a job may use. Passed, never ambient. */
export interface Context {
  /** In the answer's `x-amzn-requestid` and in the log. */
  readonly requestId: string;
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly principal: Principal;
  /** Aborts when the client has left or the server stops. */
  readonly signal: AbortSignal;
  readonly world: World;
  readonly store: Store;
  readonly blobs: Blobs;
  readonly ports: Ports;
  /** The trace this belongs to, where whoever called from inside said so. */
  readonly traceHeader?: string;
  /** What the HTTP request showed; absent for calls that came from inside. */
  readonly http?: HttpFacts;
  /** True in a call that a service makes: its answer is read as values, never printed. */
  readonly inside?: boolean;
  /** Services that called on the caller's behalf, outermost first: `aws:CalledVia`. */
  readonly via: readonly string[];
  /** Base URL printed in addresses: `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  /** An absolute folder for files derived from the store (unpacked code, say); it may be empty at any start. */
  readonly derivedFolder: string;

  /** `store.transact`; {@link call} throws while the body runs. */
  transact<T>(body: (tx: Transaction) => Promise<T>, options?: TransactOptions): Promise<T>;
  /**
   * Calls an operation of any service: re-enters the pipeline at validation, so permissions, metrics and the trail
   * see it. Runs as the caller unless `as` names another identity. Throws the operation's {@link Fault}.
   */
  call<Output = Record<string, unknown>>(
    service: string,
    operation: string,
    input: unknown,
    options?: CallOptions,
  ): Promise<Output>;
  /**
   * Calls back after commits that may have put something new at a resource of another service, so that nobody has to
   * poll. Resolves to the cancellation; to undefined when the service does not tell or the resource is not there.
   */
  watchResource(
    service: string,
    resourceArn: string,
    callback: () => void,
  ): Promise<(() => void) | undefined>;
  /**
   * When there is next something to be had at a resource of another service, though nobody writes to it; virtual
   * milliseconds, which may have passed, undefined for never.
   */
  nextChange(service: string, resourceArn: string): Promise<number | undefined>;
  /** Writes a job in the caller's transaction; it runs at least once, after the commit, when it is due. */
  enqueue(tx: Transaction, job: NewJob): JobId;
  /** Removes a job that has not run. */
  cancelJob(tx: Transaction, id: JobId): void;
  /** Adds to the record a decision that the operation made by itself (a role's trust policy). */
  noteDecision(decision: ActionDecision): void;
  /** One line in the server's log. */
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    facts?: Readonly<Record<string, unknown>>,
  ): void;
  /** The same context in another scope: front doors that learn their account from a directory row, jobs, services' own work. */
  as(scope: {
    readonly account?: string;
    readonly region?: string;
    readonly principal?: Principal;
    readonly operation?: string;
  }): Context;
}

export interface HttpFacts {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceIp: string;
  /** The body of an operation that does not stream it, as sent. Absent at front doors. */
  readonly buffered?: Uint8Array | undefined;
  readonly secure: boolean;
  /** What the client and the server agreed on, where `secure`. */
  readonly tls?: TlsFacts;
}

export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** `TLS_AES_128_GCM_SHA256` */
  readonly cipher: string;
}

export interface CallOptions {
  readonly as?: CallIdentity;
  readonly account?: string;
  readonly region?: string;
  readonly signal?: AbortSignal;
  /** The X-Ray trace the call belongs to, by whose lineage Lambda finds loops. */
  readonly traceHeader?: string | undefined;
}

/** The identity of an inner call. */
export type CallIdentity =
  /** An AWS service by itself (`apigateway.amazonaws.com` invoking a function): the resource's policy must let it in. */
  | { readonly service: string; readonly sourceArn?: string; readonly account?: string }
  /** A role the service assumes; its trust policy must name the service. */
  | {
      readonly roleArn: string;
      readonly service: string;
      readonly sessionName: string;
      /** The resource the service acts for, as `aws:SourceArn` of the trust policy. */
      readonly sourceArn?: string;
    }
  | { readonly principal: Principal };

export type JobId = string;

export interface NewJob {
  /** A key of the service's `jobs`. */
  readonly kind: string;
  /** JSON. */
  readonly payload: unknown;
  /** Virtual time, milliseconds; now by default. */
  readonly dueAtMs?: number;
  /** Jobs of one shard run in order of due time, one at a time; a random shard by default. */
  readonly shard?: string;
}
