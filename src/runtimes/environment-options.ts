import type {
  EnvironmentCredentials,
  EnvironmentSpec,
  Initialization,
  Invocation,
  InvocationResult,
} from '../service/runtimes.ts';
import type { Cancel, World } from '../world/world.ts';
import type { Environment } from './environment.ts';
import type { Worker } from './worker.ts';

export interface EnvironmentOptions {
  readonly id: string;
  readonly world: World;
  readonly worker: Worker;
  readonly spec: EnvironmentSpec;
  readonly initialization: Initialization;
  readonly credentials: EnvironmentCredentials;
  /** Monotonic time at which somebody first wanted this environment. */
  readonly wantedAt: number;
  /** Where the worker sees its code. */
  readonly codeFolder: string;
  /** Programs of the user's know no claim: their environment is in the process from its start. */
  readonly claims: boolean;
  /** The function's variables with its role's credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** Programs that run beside the function. */
  readonly extensions: readonly string[];
  /** Of this machine's loopback, and its own where it has extensions in a sandbox. */
  readonly address: string;
  /** Every time it becomes idle or dead. */
  readonly onChange: (environment: Environment, was: EnvironmentState) => void;
}

/**
 * `starting` → `idle` ⇄ `busy` → `dead`. A start that fails goes straight to `dead`, with {@link Environment.failure}.
 */
export type EnvironmentState = 'starting' | 'idle' | 'busy' | 'dead';

/** An invocation under way. */
export interface Running {
  readonly invocation: Invocation;
  readonly startedAt: number;
  readonly initDurationMs: number | undefined;
  readonly resolve: (result: InvocationResult) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelTimeout: Cancel;
}
