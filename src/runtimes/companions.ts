import type { Initialization, InitOutcome, Invocation, InvocationResult } from '../service/runtimes.ts';
import type { World } from '../world/world.ts';
import { Extensions, type ShutdownReason } from './extensions.ts';
import { invocationStatus } from './failure.ts';
import type { ApiConnection, ApiRequest } from './runtime-api.ts';
import { spinDown } from './spin-down.ts';
import { Telemetry } from './telemetry.ts';
import { deliveryTo } from './telemetry-delivery.ts';
import type { Worker } from './worker.ts';

export interface CompanionsOptions {
  readonly world: World;
  readonly worker: Worker;
  /** Names of the programs in `/opt/extensions`. */
  readonly external: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly handler: string;
  readonly memoryMb: number;
  /** Where listeners for telemetry are looked for first. */
  readonly address: string;
  readonly onReady: () => void;
  readonly initialization: Initialization;
  readonly onInit: (init: Omit<InitOutcome, 'environmentId'>) => void;
  /** An extension ended, or says that it cannot go on: with Lambda's type of error and what is known of it. */
  readonly onFailure: (name: string, errorType: string, reason: string) => void;
}

/** What runs beside a function, and what it is told: extensions, their telemetry and the end of it all. */
export class Companions {
  readonly #world: World;
  readonly #worker: Worker;
  readonly #extensions: Extensions;
  readonly #telemetry: Telemetry;
  readonly #version: string;
  readonly #memoryMb: number;
  readonly #init: { readonly initializationType: Initialization; readonly phase: 'init' };
  #onInit: CompanionsOptions['onInit'] | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: CompanionsOptions) {
    const { world, worker, external, environment, handler } = options;
    this.#world = world;
    this.#worker = worker;
    this.#memoryMb = options.memoryMb;
    this.#onInit = options.onInit;
    this.#telemetry = new Telemetry(
      world,
      deliveryTo(() => worker.holder, options.address),
      external.length > 0,
    );
    const functionName = environment['AWS_LAMBDA_FUNCTION_NAME'] ?? '';
    const functionVersion = environment['AWS_LAMBDA_FUNCTION_VERSION'] ?? '';
    this.#version = functionVersion;
    this.#extensions = new Extensions({
      external,
      functionName,
      functionVersion,
      handler,
      newId: () => world.random.uuid(),
      onReady: options.onReady,
      onError: options.onFailure,
      telemetry: this.#telemetry,
    });
    this.#init = { initializationType: options.initialization, phase: 'init' };
    this.#platform('initStart', { ...this.#init, functionName, functionVersion });
  }

  /** Whether the end has begun. */
  get ending(): boolean {
    return this.#ended !== undefined;
  }

  get ready(): boolean {
    return this.#extensions.ready;
  }

  take(request: ApiRequest, connection: ApiConnection): boolean {
    return this.#extensions.take(request, connection);
  }

  /** The process of one has ended. */
  exited(name: string, code: number): void {
    this.#extensions.exited(name, code);
  }

  log(kind: 'function' | 'extension', text: string): void {
    if (this.#telemetry.wanted) this.#telemetry.emit(kind, kind, text.replace(/\n$/, ''));
  }

  /** The start is over, one way or the other; only the first word counts. */
  started(durationMs: number, failure?: InvocationResult['failure']): void {
    const tell = this.#onInit;
    if (tell === undefined) return;
    this.#onInit = undefined;
    tell({
      initialization: this.#init.initializationType,
      atMs: this.#world.clock.now(),
      durationMs,
      failure,
    });
    const status = failure?.status ?? 'success';
    const errorType = failure?.errorType;
    this.#platform('initRuntimeDone', { ...this.#init, status, errorType });
    this.#platform('initReport', { ...this.#init, status, errorType, metrics: { durationMs } });
  }

  invoked(invocation: Invocation, deadlineMs: number): void {
    const { requestId } = invocation;
    this.#extensions.invoke(invocation, deadlineMs);
    if (!this.#telemetry.wanted) return;
    this.#platform('start', { requestId, version: this.#version, tracing: tracingOf(invocation) });
  }

  answered(invocation: Invocation, result: InvocationResult): void {
    if (!this.#telemetry.wanted) return;
    const { requestId } = invocation;
    const { durationMs, initDurationMs } = result;
    const facts = {
      requestId,
      ...invocationStatus(result),
      tracing: tracingOf(invocation),
    };
    this.#platform('runtimeDone', {
      ...facts,
      metrics: { durationMs, producedBytes: result.payload.byteLength },
    });
    this.#platform('report', {
      ...facts,
      metrics: {
        durationMs,
        billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
        memorySizeMB: this.#memoryMb,
        maxMemoryUsedMB: result.maxMemoryMb,
        initDurationMs,
      },
    });
  }

  /** Ends the environment: at once, unless extensions hear of it and have their time. Resolves when it has been killed. */
  end(reason: ShutdownReason): Promise<void> {
    this.#ended ??= this.#end(reason);
    return this.#ended;
  }

  async #end(reason: ShutdownReason): Promise<void> {
    if (this.#worker.alive && this.#extensions.hearsEnd) {
      await spinDown(this.#world, this.#worker, this.#extensions, this.#telemetry, reason);
    }
    this.#worker.kill();
  }

  #platform(type: string, record: unknown): void {
    this.#telemetry.emit('platform', `platform.${type}`, record);
  }
}

function tracingOf({ traceHeader }: Invocation) {
  return traceHeader === undefined ? undefined : { type: 'X-Amzn-Trace-Id', value: traceHeader };
}
