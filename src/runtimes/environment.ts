import type { EnvironmentSpec, Invocation, InvocationResult } from '../service/runtimes.ts';
import type { Cancel, World } from '../world/world.ts';
import { claimOf } from './claim.ts';
import { Companions } from './companions.ts';
import type { Holder } from './connections.ts';
import type { EnvironmentOptions, EnvironmentState, Running } from './environment-options.ts';
import {
  endReasonOf,
  entrypointFailure,
  entrypointProblem,
  exitFailure,
  extensionFailure,
  type Failure,
  timeoutFailure,
  timeoutLine,
} from './failure.ts';
import { invocationHeaders } from './invocation-headers.ts';
import { MOST_THREADS } from './memory.ts';
import { MemoryWatch } from './memory-watch.ts';
import { ProcessorMeter, type Use } from './patience.ts';
import type { ApiConnection, ApiRequest } from './runtime-api.ts';
import { takeStream } from './streamed-answer.ts';
import { exitOf, type Worker, type WorkerExit } from './worker.ts';

/** AWS lets a function's own initialisation run this long before it counts against the timeout. */
const INIT_MS = 10_000;

const UNWATCHED_MS = 50;

const NOTHING = new Uint8Array(0);
const ACCEPTED = Buffer.from('{"status":"OK"}\n');
const INVALID_ID = Buffer.from('{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}');
const INVOCATION = '/2018-06-01/runtime/invocation/';

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
  /** Why it never became idle, as the invocation with this id that waited for it is told. */
  failure: ((requestId: string | undefined) => Failure) | undefined;
  /** How long it took to become idle, until an invocation has reported it. */
  #initDurationMs: number | undefined;
  idleSince = 0;
  /** What its last invocation cost, for those whose bootstraps say. */
  use: Use | undefined;
  readonly #processor = new ProcessorMeter();
  /** Takes no more work. */
  retired = false;
  /** Stopped, as nobody calls it. */
  frozen = false;
  #next: ApiConnection | undefined;
  #claim: ApiConnection | undefined;
  #running: Running | undefined;
  /** Why its program could not be started at all. */
  #entrypoint: string | undefined;
  readonly #companions: Companions;
  readonly #memory: MemoryWatch;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#worker = options.worker;
    this.spec = options.spec;
    this.id = options.id;
    this.#memory = new MemoryWatch(options.spec.memoryMb);
    this.shifted = this.#clockOffset() !== 0;
    this.#cancelInit = this.#world.timers.after(INIT_MS + this.spec.timeoutMs, () => {
      this.failure = (requestId) => timeoutFailure(requestId, this.spec.timeoutMs);
      this.#worker.kill();
    });
    this.#companions = new Companions({
      world: this.#world,
      worker: options.worker,
      external: options.extensions,
      environment: options.environment,
      handler: this.spec.handler,
      memoryMb: this.spec.memoryMb,
      address: options.address,
      initialization: options.initialization,
      onReady: () => this.#waits(),
      onInit: (init) => this.spec.onInit?.({ ...init, environmentId: this.id }),
      onFailure: (name, errorType, reason) => {
        this.#log(`EXTENSION\tName: ${name}\tState: Failed\tError Type: ${errorType}\n`);
        this.#fails((requestId) => extensionFailure(requestId, errorType, reason));
      },
    });
    this.#worker.listen({
      request: (request, connection) => this.#request(request, connection),
      output: (text) => this.#output(text),
      companionOutput: (text) => this.#log(text, 'extension'),
      companionEnded: (name, code) => {
        if (name !== '-') this.#companions.exited(name, code);
        else if (!this.#companions.ending) this.#runtimeEnded(exitOf(code, null));
      },
      exit: (exit) => this.#exited(exit),
    });
  }

  get gone(): Promise<void> {
    return this.#worker.gone;
  }

  get holder(): Holder | undefined {
    return this.#worker.holder;
  }

  /** What its end would free; zero until it has been looked at. */
  get heldKb(): number {
    return this.#memory.heldKb;
  }

  get memoryKb(): number {
    return this.#memory.peakKb;
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

  /** Ends it when it is idle: at once, unless extensions hear of it and have their time. Resolves when it may go. */
  async end(): Promise<void> {
    this.retired = true;
    this.#thaw();
    await this.#companions.end('spindown');
  }

  #thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.#worker.thaw();
  }

  /** Ends it although it may be busy: its invocation neither succeeded nor failed, and says so. As {@link end} otherwise. */
  async abandon(reason: Error): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.cancelTimeout();
    running?.reject(reason);
    await this.end();
  }

  /** Only when {@link Environment.available}. */
  run(invocation: Invocation): Promise<InvocationResult> {
    const connection = this.#next;
    this.#next = undefined;
    this.state = 'busy';
    this.#thaw();
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
        }),
      };
      const deadlineMs = this.#world.clock.now() + timeoutMs;
      const offsetMs = this.#clockOffset();
      const headers = invocationHeaders(invocation, { deadlineMs, offsetMs, ours: this.#options.claims });
      connection?.reply(200, headers, invocation.payload);
      this.#companions.invoked(invocation, deadlineMs - offsetMs);
    });
  }

  /** Lets it do nothing until it is called again. What it left running in excess of its limits ends it. */
  freeze(): void {
    this.#watchLimits();
    if (this.retired) return;
    this.frozen = true;
    if (!this.#worker.freeze()) this.kill();
  }

  /** Looks after starts and invocations that have run for a while; the others' bootstraps tell what they hold as they answer. */
  watch(): void {
    const since = this.state === 'starting' ? this.#options.wantedAt : this.#running?.startedAt;
    if (since !== undefined && this.#world.clock.monotonic() - since > UNWATCHED_MS) this.#watchLimits();
  }

  /** Looks at what the process holds, and ends it when that is more than the function may. */
  #watchLimits(): void {
    const excess = this.#memory.look(this.holder?.pid);
    if (excess === undefined) return;
    if (excess === 'threads') this.#log(`The function had more than ${MOST_THREADS} processes and threads\n`);
    this.kill();
  }

  get #sinceWanted(): number {
    return this.#world.clock.monotonic() - this.#options.wantedAt;
  }

  #clockOffset(): number {
    return this.#world.clock.now() - this.#world.clock.realNow();
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
          connection.reply(400, '', INVALID_ID);
          return;
        }
        this.#answered(request, connection, id, what === 'error');
        return;
      }
    }
    if (method === 'POST' && path === '/2018-06-01/runtime/init/error') {
      this.#notePeak(request.headers);
      const errorType = request.headers['lambda-runtime-function-error-type'] ?? 'Runtime.Unknown';
      const said: Failure = {
        payload: Uint8Array.from(request.body),
        failure: { status: 'error', errorType },
      };
      this.failure = () => said;
      connection.reply(202, '', ACCEPTED);
      this.#companions.started(this.#sinceWanted, said.failure);
      return;
    }
    if (method === 'GET' && path === '/lambent/claim' && this.#options.claims) {
      this.#claim = connection;
      connection.park();
      this.#sendClaim();
      return;
    }
    if (!this.#companions.take(request, connection)) connection.reply(404, '', NOTHING);
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
      this.use = this.#processor.read(request.headers, durationMs);
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
    if (this.#memory.note(headers['lambent-memory-kb'])) this.#watchLimits();
  }

  #sendClaim(): void {
    const connection = this.#claim;
    this.#claim = undefined;
    const { spec, id, codeFolder } = this.#options;
    const claim = claimOf(
      spec,
      { id, codeFolder, clockOffsetMs: this.#clockOffset() },
      this.#options.environment,
    );
    connection?.reply(200, 'Lambent-Claim: 1\r\n', claim);
  }

  /** The runtime asks for work, or the last of the extensions does. */
  #waits(): void {
    if (this.#next === undefined || !this.#companions.ready || this.state === 'idle') return;
    if (this.state === 'starting') {
      this.#cancelInit();
      this.#initDurationMs = this.#sinceWanted;
      this.#worker.settle();
      this.#companions.started(this.#initDurationMs);
    } else if (this.#running !== undefined) {
      // Its answer is being completed; it is idle after that.
      return;
    }
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
    const result: InvocationResult = {
      environmentId: this.id,
      payload,
      error,
      failure,
      durationMs,
      initDurationMs: running.initDurationMs,
      maxMemoryMb: this.#memory.maxMb,
    };
    running.resolve(result);
    this.#companions.answered(running.invocation, result);
    if (this.retired) void this.#companions.end(endReasonOf(failure));
    else if (this.state === 'busy') this.#waits();
  }

  #exited(exit: WorkerExit): void {
    this.#cancelInit();
    const was = this.state;
    this.#runtimeEnded(exit);
    this.state = 'dead';
    this.#options.onChange(this, was);
  }

  /** The runtime's process has ended, whether or not what ran beside it has. */
  #runtimeEnded(exit: WorkerExit): void {
    if (this.#worker.ranOutOfMemory) this.#memory.exceeded = true;
    const words = this.#entrypoint;
    this.#fails((requestId) =>
      words === undefined
        ? exitFailure(requestId, exit, this.#memory.exceeded)
        : entrypointFailure(requestId, words),
    );
  }

  /** Fails the start or the invocation that is under way, and ends what is left. */
  #fails(failing: (requestId: string | undefined) => Failure): void {
    this.retired = true;
    if (this.state === 'starting') {
      this.failure ??= failing;
      this.#companions.started(this.#sinceWanted, this.failure(undefined).failure);
    }
    const running = this.#running;
    if (running !== undefined) {
      const { payload, failure } = failing(running.invocation.requestId);
      this.#complete(payload, 'Unhandled', failure, this.#world.clock.monotonic() - running.startedAt);
    }
    void this.#companions.end('failure');
  }

  #timedOut(requestId: string): Failure {
    this.#log(timeoutLine(this.#world.clock.now(), requestId, this.spec.timeoutMs));
    return timeoutFailure(requestId, this.spec.timeoutMs);
  }

  /** The sandbox says itself that it could not start the function's program. */
  #output(text: string): void {
    this.#entrypoint ??= this.state === 'starting' ? entrypointProblem(text, this.spec) : undefined;
    if (this.#entrypoint === undefined) this.#log(text);
  }

  #log(text: string, kind: 'function' | 'extension' = 'function'): void {
    this.#companions.log(kind, text);
    this.spec.onLog({
      atMs: this.#world.clock.now(),
      text,
      requestId: this.#running?.invocation.requestId,
      environmentId: this.id,
    });
  }
}
