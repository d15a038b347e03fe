import { availableParallelism } from 'node:os';
import type { EnvironmentSpec, Invocation, InvocationResult } from '../service/runtimes.ts';
import type { Environment } from './environment.ts';
import { Patience } from './patience.ts';

/** An invocation nobody runs yet. */
export interface Waiting {
  readonly invocation: Invocation;
  readonly resolve: (result: InvocationResult) => void;
  readonly reject: (error: unknown) => void;
}

interface PatientlyWaiting extends Waiting {
  /** Monotonic. */
  readonly since: number;
}

/** The environments of one revision of one function. */
export class Fleet {
  readonly functionKey: string;
  readonly revision: string;
  /** The newest wish; equal to all others of the revision. */
  spec: EnvironmentSpec;
  /** Last in, first out: what is not needed grows old. */
  readonly idle: Environment[] = [];
  readonly all = new Set<Environment>();
  /** Each of them wants an environment of its own. */
  readonly waiting: Waiting[] = [];
  /** These wait for one at work, for a while. */
  readonly patient: PatientlyWaiting[] = [];
  readonly patience = new Patience(availableParallelism());
  /** A timer looks after the patient. */
  limited = false;
  busy = 0;
  starting = 0;
  /** Environments that are kept whether or not anybody calls. */
  ready = 0;

  /** One of the kept ones could not be started; nobody tries again before the next wish. */
  failed = false;

  /** How many of the kept ones have yet to start. */
  get missing(): number {
    return this.ready === 0 || this.failed ? 0 : this.ready - this.started;
  }

  get started(): number {
    let started = 0;
    for (const { state, retired } of this.all) if (state !== 'starting' && !retired) started++;
    return started;
  }

  constructor(spec: EnvironmentSpec) {
    this.spec = spec;
    this.functionKey = spec.functionKey;
    this.revision = spec.revision;
  }

  /** The idle environment used last, if there is one that may take an invocation. */
  takeIdle(): Environment | undefined {
    for (let environment = this.idle.pop(); environment !== undefined; environment = this.idle.pop()) {
      if (environment.available) return environment;
      if (!environment.retired) void environment.end();
    }
    return undefined;
  }
}
