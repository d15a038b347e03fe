import type {
  EnvironmentCredentials,
  EnvironmentSpec,
  Invocation,
  InvocationResult,
} from '../service/runtimes.ts';
import type { Cancel, World } from '../world/world.ts';
import { exitFailure, type Failure, timeoutFailure } from './failure.ts';
import { memoryOf } from './memory.ts';
import type { ApiConnection, ApiRequest } from './runtime-api.ts';
import { takeStream } from './streamed-answer.ts';
import type { Worker, WorkerExit } from './worker.ts';

/** AWS lets a function's own initialisation run this long before it counts against the timeout. */
const INIT_MS = 10_000;

const UNWATCHED_MS = 50;

const NOTHING = new Uint8Array(0);
const ACCEPTED = Buffer.from('{"status":"OK"}\n');
const INVOCATION = '/2018-06-01/runtime/invocation/';

interface Running {
  readonly invocation: Invocation;
  readonly startedAt: number;
  readonly initDurationMs: number | undefined;
  readonly resolve: (result: InvocationResult) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelTimeout: Cancel;
}

export interface EnvironmentOptions {
  readonly id: string;
  readonly world: World;
  readonly worker: Worker;
  readonly spec: EnvironmentSpec;
  readonly credentials: EnvironmentCredentials;
  /** Monotonic time at which somebody first wanted this environment. */
  readonly wantedAt: number;
  /** Where the worker sees its code. */
  readonly codeFolder: string;
  /** Programs of the user's know no claim: their environment is in the process from its start. */
  readonly claims: boolean;
  /** Every time it becomes idle or dead. */
  readonly onChange: (environment: Environment, was: EnvironmentState) => void;
}

/**
 * `starting` → `idle` ⇄ `busy` → `dead`. A start that fails goes straight to `dead`, with {@link Environment.failure}.
 */
export type EnvironmentState = 'starting' | 'idle' | 'busy' | 'dead';

/** One execution environment: a worker that runs one function, one invocation at a time. */
export class Environment {
  readonly #options: EnvironmentOptions;
  readonly #world: World;
  readonly #worker: Worker;
  readonly #cancelInit: Cancel;
  readonly spec: EnvironmentSpec;
  readonly id: string;
  /** True when its process was told of a clock that runs ahead from the beginning. */
  readonly shifted: boolean;
  state: EnvironmentState = 'starting';
  /** Why it never became idle. */
  failure: Failure | undefined;
  /** How long it took to become idle, until an invocation has reported it. */
  #initDurationMs: number | undefined;
  idleSince = 0;
  /** Takes no more work. */
  retired = false;
  #next: ApiConnection | undefined;
  #claim: ApiConnection | undefined;
  #running: Running | undefined;
  #peakKb = 0;
  #outOfMemory = false;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#worker = options.worker;
    this.spec = options.spec;
    this.id = options.id;
    this.shifted = this.#clockOffset() !== 0;
    this.#cancelInit = this.#world.timers.after(INIT_MS + this.spec.timeoutMs, () => {
      this.failure = this.#timedOut(undefined);
      this.#worker.kill();
    });
    this.#worker.listen({
      request: (request, connection) => this.#request(request, connection),
      output: (text) => this.#log(text),
      exit: (exit) => this.#exited(exit),
    });
  }

  get pid(): number | undefined {
    return this.#worker.pid;
  }

  get memoryKb(): number {
    return this.#peakKb;
  }

  /**
   * Whether it may take an invocation: it is idle, its credentials will last, and its language follows the clock as
   * far as that has moved.
   */
  get available(): boolean {
    if (this.state !== 'idle' || this.retired) return false;
    const { credentials, spec } = this.#options;
    if (credentials.expiresAtMs < this.#world.clock.now() + spec.timeoutMs) return false;
    return this.shifted || !spec.runtime.startsWith('python') || this.#clockOffset() === 0;
  }

  kill(): void {
    this.retired = true;
    this.#worker.kill();
  }

  /** Ends it although it may be busy: its invocation neither succeeded nor failed, and says so. */
  abandon(reason: Error): void {
    const running = this.#running;
    this.#running = undefined;
    running?.cancelTimeout();
    running?.reject(reason);
    this.kill();
  }

  /** Only when {@link Environment.available}. */
  run(invocation: Invocation): Promise<InvocationResult> {
    const connection = this.#next;
    this.#next = undefined;
    this.state = 'busy';
    const { timeoutMs } = this.spec;
    const initDurationMs = this.#initDurationMs;
    this.#initDurationMs = undefined;
    return new Promise((resolve, reject) => {
      this.#running = {
        invocation,
        startedAt: this.#world.clock.monotonic(),
        initDurationMs,
        resolve,
        reject,
        cancelTimeout: this.#world.timers.after(timeoutMs, () => {
          const running = this.#running;
          if (running === undefined) return;
          this.retired = true;
          const { payload, failure } = this.#timedOut(running.invocation.requestId);
          this.#complete(payload, 'Unhandled', failure, timeoutMs);
          this.#worker.kill();
        }),
      };
      connection?.reply(200, this.#headersOf(invocation), invocation.payload);
    });
  }

  /** Looks after invocations that have run for a while; the others' bootstraps tell what they hold as they answer. */
  watch(): void {
    const running = this.#running;
    if (running !== undefined && this.#world.clock.monotonic() - running.startedAt > UNWATCHED_MS) {
      this.#watchMemory();
    }
  }

  /** Looks at what the process holds, and ends it when that is more than the function may. */
  #watchMemory(): void {
    const use = this.pid === undefined ? undefined : memoryOf(this.pid);
    if (use === undefined) return;
    this.#peakKb = Math.max(this.#peakKb, use.residentKb);
    if (use.privateKb > this.spec.memoryMb * 1024) {
      this.#outOfMemory = true;
      this.kill();
    }
  }

  #clockOffset(): number {
    return this.#world.clock.now() - this.#world.clock.realNow();
  }

  #headersOf(invocation: Invocation): string {
    // Programs that are not ours read the machine's clock, so their deadline is on it.
    const offset = this.#clockOffset();
    const deadline = Math.round(invocation.deadlineMs - (this.#options.claims ? 0 : offset));
    let headers = `Lambda-Runtime-Aws-Request-Id: ${invocation.requestId}\r\nLambda-Runtime-Deadline-Ms: ${deadline}\r\nLambda-Runtime-Invoked-Function-Arn: ${invocation.functionArn}\r\n`;
    if (offset !== 0) headers += `Lambent-Clock-Offset-Ms: ${offset}\r\n`;
    if (invocation.traceHeader !== undefined)
      headers += `Lambda-Runtime-Trace-Id: ${line(invocation.traceHeader)}\r\n`;
    if (invocation.clientContext !== undefined) {
      headers += `Lambda-Runtime-Client-Context: ${line(invocation.clientContext)}\r\n`;
    }
    if (invocation.cognitoIdentity !== undefined) {
      headers += `Lambda-Runtime-Cognito-Identity: ${line(invocation.cognitoIdentity)}\r\n`;
    }
    return headers;
  }

  #request(request: ApiRequest, connection: ApiConnection): void {
    const { method, path } = request;
    if (method === 'GET' && path === `${INVOCATION}next`) {
      this.#next = connection;
      connection.park();
      this.#waits();
      return;
    }
    if (method === 'POST' && path.startsWith(INVOCATION)) {
      const [id = '', what] = path.slice(INVOCATION.length).split('/');
      if (what === 'response' || what === 'error') {
        if (id !== this.#running?.invocation.requestId) {
          connection.reply(
            400,
            '',
            Buffer.from('{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}'),
          );
          return;
        }
        this.#answered(request, connection, id, what === 'error');
        return;
      }
    }
    if (method === 'POST' && path === '/2018-06-01/runtime/init/error') {
      this.#notePeak(request.headers);
      this.failure = {
        payload: Uint8Array.from(request.body),
        failure: {
          status: 'error',
          errorType: request.headers['lambda-runtime-function-error-type'] ?? 'Runtime.Unknown',
        },
      };
      connection.reply(202, '', ACCEPTED);
      return;
    }
    if (method === 'GET' && path === '/lambent/claim' && this.#options.claims) {
      this.#claim = connection;
      connection.park();
      this.#sendClaim();
      return;
    }
    connection.reply(404, '', NOTHING);
  }

  /** What the function wrote before it answered is readable by now: it is read in this turn of the loop. */
  #answered(request: ApiRequest, connection: ApiConnection, id: string, failed: boolean): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#notePeak(request.headers);
    const { body, stream } = request;
    const end = (payload: Uint8Array, error: boolean) => {
      connection.reply(202, '', ACCEPTED);
      const durationMs = this.#world.clock.monotonic() - running.startedAt;
      setImmediate(() => this.#complete(payload, error ? 'Unhandled' : undefined, undefined, durationMs, id));
    };
    if (stream === undefined) {
      end(body, failed);
      return;
    }
    const contentType = request.headers['content-type'] ?? 'application/octet-stream';
    takeStream(stream, connection, { contentType, sink: running.invocation.sink }, (ended) =>
      end(ended.payload, ended.failed),
    );
  }

  #notePeak(headers: ApiRequest['headers']): void {
    const reported = Number(headers['lambent-memory-kb'] ?? 0);
    if (reported <= this.#peakKb) return;
    this.#peakKb = reported;
    // Part of it may be shared with other processes: that does not count.
    if (reported > this.spec.memoryMb * 1024) this.#watchMemory();
  }

  #sendClaim(): void {
    const connection = this.#claim;
    this.#claim = undefined;
    const { spec, id, codeFolder } = this.#options;
    const environment = environmentOf(this.#options);
    const claim = {
      handler: spec.handler,
      codeFolder,
      clockOffsetMs: this.#clockOffset(),
      environment,
      function: {
        name: environment['AWS_LAMBDA_FUNCTION_NAME'],
        version: environment['AWS_LAMBDA_FUNCTION_VERSION'],
        memoryMb: String(spec.memoryMb),
        logGroup: environment['AWS_LAMBDA_LOG_GROUP_NAME'],
        logStream: environment['AWS_LAMBDA_LOG_STREAM_NAME'],
        environmentId: id,
      },
    };
    connection?.reply(200, 'Lambent-Claim: 1\r\n', Buffer.from(JSON.stringify(claim)));
  }

  /** The runtime asks for work. */
  #waits(): void {
    if (this.state === 'starting') {
      this.#cancelInit();
      this.#initDurationMs = this.#world.clock.monotonic() - this.#options.wantedAt;
    } else if (this.#running !== undefined) {
      // Its answer is being completed; it is idle after that.
      return;
    }
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    const was = this.state;
    this.state = 'idle';
    this.idleSince = this.#world.clock.monotonic();
    this.#options.onChange(this, was);
  }

  #complete(
    payload: Uint8Array,
    error: InvocationResult['error'],
    failure: InvocationResult['failure'],
    durationMs: number,
    requestId?: string,
  ): void {
    const running = this.#running;
    if (running === undefined) return;
    if (requestId !== undefined && running.invocation.requestId !== requestId) return;
    this.#running = undefined;
    running.cancelTimeout();
    running.resolve({
      environmentId: this.id,
      payload,
      error,
      failure,
      durationMs,
      initDurationMs: running.initDurationMs,
      maxMemoryMb: this.#maxMemoryMb(),
    });
    if (this.#next !== undefined && this.state === 'busy' && !this.retired) this.#becomeIdle();
    else if (this.retired) this.#worker.kill();
  }

  #maxMemoryMb(): number {
    return Math.min(this.spec.memoryMb, Math.ceil(this.#peakKb / 1024));
  }

  #exited(exit: WorkerExit): void {
    this.#cancelInit();
    if (this.state === 'starting' && this.failure === undefined) {
      this.failure = exitFailure(undefined, exit, this.#outOfMemory);
    }
    const was = this.state;
    this.state = 'dead';
    const running = this.#running;
    if (running !== undefined) {
      const { payload, failure } = exitFailure(running.invocation.requestId, exit, this.#outOfMemory);
      if (this.#outOfMemory) this.#peakKb = this.spec.memoryMb * 1024;
      this.#complete(payload, 'Unhandled', failure, this.#world.clock.monotonic() - running.startedAt);
    }
    this.#options.onChange(this, was);
  }

  #timedOut(requestId: string | undefined): Failure {
    if (requestId !== undefined) {
      const time = new Date(this.#world.clock.now()).toISOString();
      const seconds = (this.spec.timeoutMs / 1000).toFixed(2);
      this.#log(`${time} ${requestId} Task timed out after ${seconds} seconds\n\n`);
    }
    return timeoutFailure(requestId, this.spec.timeoutMs);
  }

  #log(text: string): void {
    this.spec.onLog({
      atMs: this.#world.clock.now(),
      text,
      requestId: this.#running?.invocation.requestId,
      environmentId: this.id,
    });
  }
}

/** Header values come from callers: one line of printable characters. */
function line(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

/** The function's variables with its role's credentials. */
export function environmentOf({
  spec,
  id,
  credentials,
}: Pick<EnvironmentOptions, 'spec' | 'id' | 'credentials'>): Record<string, string> {
  return {
    ...spec.environment(id),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}
