import type { Context, JobId } from '../../service/context.ts';
import type { SessionCredentials } from '../../service/ports.ts';
import type { EnvironmentSpec, InvocationResult, LogLine, ResponseSink } from '../../service/runtimes.ts';
import type { Store } from '../../store/store.ts';
import { codeFolder } from './code.ts';
import { provisionedFor, provisionedOf, takenConcurrency } from './concurrency.ts';
import { imageSpec } from './image.ts';
import type { FunctionVersion } from './layout.ts';
import { MOST_IN_CHAIN, runsInChain, withRun } from './lineage.ts';
import { LogWriter } from './log-writer.ts';
import { Rates } from './rates.ts';
import { notFound, readVersion, type Target } from './reading.ts';
import { arnOf, fault, isVersionNumber, LATEST } from './reference.ts';
import { endLines, initLines, initStartLine, startLine, streamName, tailOf } from './report.ts';
import { assumeRole } from './roles.ts';
import { openVariables } from './sealed.ts';
import { type SlotRequest, Slots } from './slots.ts';
import { newTraceHeader } from './trace.ts';

/** A version that is ready to run: what an invocation needs of the store, read once. */
export interface Runnable extends SlotRequest {
  readonly version: FunctionVersion;
  readonly spec: EnvironmentSpec;
  /** Calls itself as often as it likes. */
  readonly mayLoop: boolean;
}

interface Alias {
  readonly main: string;
  readonly weights: readonly (readonly [version: string, weight: number])[];
}

/** What is known of one account in one region; dropped whole when a function, version or alias changes. */
interface Scope {
  readonly runnables: Map<string, Promise<Runnable>>;
  readonly aliases: Map<string, Promise<Alias | undefined>>;
  taken: Promise<number> | undefined;
}

/** An invocation under way, for its log. */
interface Logged {
  readonly version: FunctionVersion;
  readonly requestId: string;
  readonly startedAtMs: number;
  started: boolean;
  /** Every line, when the caller asked for the tail. */
  readonly lines: string[] | undefined;
}

export interface Request {
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** As the caller named it. */
  readonly invokedArn: string;
  readonly clientContext?: string | undefined;
  readonly traceHeader?: string | undefined;
  readonly wantsTail: boolean;
  /** Takes the answer of a function that streams. */
  readonly sink?: ResponseSink | undefined;
}

export interface Outcome {
  readonly result: InvocationResult;
  readonly version: string;
  readonly tail: string | undefined;
}

/** The running functions of one cloud: caches of rows, slots and logs. All of it is derived. */
export class Running {
  readonly logs = new LogWriter();
  readonly slots = new Slots();
  readonly #rates = new Rates();
  /** Events that run without a job that waits for them, by request id, and the job that guards each. */
  readonly detached = new Map<string, JobId>();
  readonly #scopes = new Map<string, Scope>();
  readonly #noted = new Set<string>();
  readonly #watches: (() => void)[] = [];
  readonly #invocations = new Map<string, Logged>();
  /** Outlives requests: environments ask for credentials and write logs under it. */
  #root: Context | undefined;

  start(root: Context): void {
    this.#root = root;
  }

  async stop(): Promise<void> {
    for (const cancel of this.#watches.splice(0)) cancel();
    this.#scopes.clear();
    await this.logs.flush();
  }

  /** The version a reference runs: of an alias with weights, one by chance. */
  async resolve(target: Target): Promise<Runnable> {
    const { reference } = target;
    const scope = this.#scopeOf(target);
    let { qualifier } = reference;
    if (qualifier !== undefined && !qualifier.startsWith('$') && !isVersionNumber(qualifier)) {
      const key = `${reference.name}:${qualifier}`;
      const alias = await remembered(scope.aliases, key, () => readAlias(target));
      qualifier = alias === undefined ? qualifier : chosen(alias, target.ctx);
    }
    const key = `${reference.name}:${qualifier ?? ''}`;
    return remembered(scope.runnables, key, () =>
      this.#prepare({ ...target, reference: { ...reference, qualifier } }),
    );
  }

  /** Counts a request whose caller waits for the answer. Throws TooManyRequestsException. */
  admit({ ctx }: Target, runnable: Runnable): void {
    this.#rates.admit(runnable, ctx.world.clock.now());
  }

  /** Runs one invocation, within the function's concurrency and with its log. */
  async run(target: Target, runnable: Runnable, request: Request): Promise<Outcome> {
    const { ctx } = target;
    const { version, spec, functionArn } = runnable;
    const missing = ctx.ports.runtimes.missing(version.runtime);
    if (missing !== undefined) throw fault('InvalidRuntimeException', missing);
    if (!runnable.mayLoop && runsInChain(request.traceHeader, functionArn) >= MOST_IN_CHAIN) {
      ctx.log('warn', `${version.name} was stopped: it led to its own invocation ${MOST_IN_CHAIN} times`);
      throw fault(
        'RecursiveInvocationException',
        'The function has been invoked in a recursive loop that Lambda detected and stopped.',
      );
    }
    const scope = this.#scopeOf(target);
    scope.taken ??= takenConcurrency(ctx.store, target.rows);
    const giveBack = this.slots.take(runnable, await scope.taken);
    const { clock } = ctx.world;
    const startedAtMs = clock.now();
    const { requestId } = request;
    const logged: Logged = {
      version,
      requestId,
      startedAtMs,
      started: false,
      lines: request.wantsTail ? [] : undefined,
    };
    this.#invocations.set(requestId, logged);
    try {
      const result = await ctx.ports.runtimes.invoke(spec, {
        requestId,
        payload: request.payload,
        functionArn: request.invokedArn,
        traceHeader: withRun(request.traceHeader ?? newTraceHeader(ctx.world), functionArn),
        clientContext: request.clientContext,
        cognitoIdentity: undefined,
        signal: undefined,
        sink: request.sink,
      });
      const { environmentId } = result;
      this.#startLog(environmentId, logged);
      if (result.initDurationMs !== undefined) this.#noteStandIn(ctx, version.runtime);
      const endedAtMs = clock.now();
      for (const line of endLines(version, requestId, result, endedAtMs)) {
        this.#write(environmentId, logged, line, endedAtMs);
      }
      return {
        result,
        version: version.version,
        tail: logged.lines && tailOf(logged.lines),
      };
    } catch (error) {
      // Whether a language is here is known once somebody wanted it.
      const lack = ctx.ports.runtimes.missing(version.runtime) ?? (await imageLack(ctx, version));
      throw lack === undefined ? error : fault('InvalidRuntimeException', lack);
    } finally {
      this.#invocations.delete(requestId);
      giveBack();
    }
  }

  /** Says once of each runtime that another version of its language stands in for it. */
  #noteStandIn(ctx: Context, runtime: string): void {
    if (this.#noted.has(runtime)) return;
    this.#noted.add(runtime);
    const words = ctx.ports.runtimes.standIn(runtime);
    if (words !== undefined) ctx.log('warn', words);
  }

  #line({ atMs, text, requestId, environmentId }: LogLine): void {
    const logged = requestId === undefined ? undefined : this.#invocations.get(requestId);
    if (logged === undefined) {
      this.logs.write(environmentId, { timestamp: Math.floor(atMs), message: text });
      return;
    }
    this.#startLog(environmentId, logged);
    this.#write(environmentId, logged, text, atMs);
  }

  /** The START line, in the stream of the environment that turned out to run the invocation. */
  #startLog(environmentId: string, logged: Logged): void {
    if (logged.started) return;
    logged.started = true;
    const { version, requestId } = logged;
    // Who waited for the environment's start is invoked after it.
    const atMs = Math.max(logged.startedAtMs, this.logs.readyAt(environmentId));
    const line = startLine(version, requestId, atMs);
    if (line !== undefined) this.#write(environmentId, logged, line, atMs);
  }

  #write(environmentId: string, logged: Logged, message: string, atMs: number): void {
    logged.lines?.push(message);
    this.logs.write(environmentId, { timestamp: Math.floor(atMs), message });
  }

  #scopeOf({ reference, rows, ctx }: Target): Scope {
    const key = `${reference.account}/${reference.region}`;
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      const fresh: Scope = { runnables: new Map(), aliases: new Map(), taken: undefined };
      const forget = () => {
        fresh.runnables.clear();
        fresh.aliases.clear();
        fresh.taken = undefined;
      };
      for (const range of [
        rows.functions.rangeOf([]),
        rows.versions.rangeOf([]),
        rows.aliases.rangeOf([]),
        rows.provisions.rangeOf([]),
      ]) {
        this.#watches.push(ctx.store.watch(range, forget));
      }
      scope = fresh;
      this.#scopes.set(key, scope);
    }
    return scope;
  }

  async #prepare(target: Target): Promise<Runnable> {
    const { reference } = target;
    const ctx = (this.#root ?? target.ctx).as({ account: reference.account, region: reference.region });
    const row = await target.rows.functions.get(ctx.store, [reference.name]);
    if (row === undefined) throw notFound({ ...reference, qualifier: reference.qualifier ?? LATEST });
    const version = await readVersion(ctx.store, target);
    const { image } = version;
    const [code, ...layers] = await Promise.all([
      image === undefined ? codeFolder(ctx, version.code) : '',
      ...version.layers.map((layer) => codeFolder(ctx, layer.code)),
    ]);
    const functionArn = arnOf(reference, version.version);
    const ownArn = arnOf({ ...reference, qualifier: undefined });
    let credentials: Promise<SessionCredentials> | undefined;
    const assume = () => {
      credentials = assumeRole(ctx, version.role, version.name, ownArn);
      return credentials;
    };
    const spec: EnvironmentSpec = {
      functionKey: functionArn,
      revision: version.ranAs ?? version.revisionId,
      runtime: version.runtime,
      handler: version.handler,
      image: image && imageSpec(image),
      codeFolder: code,
      layerFolders: layers,
      memoryMb: version.memoryMb,
      ephemeralStorageMb: version.ephemeralStorageMb,
      timeoutMs: version.timeoutSeconds * 1000,
      functionArn,
      credentials: assume,
      onLog: (line) => this.#line(line),
      onInit: (init) => {
        this.logs.ready(init.environmentId, init.atMs);
        const timestamp = Math.floor(init.atMs);
        for (const message of initLines(version, init)) {
          this.logs.write(init.environmentId, { timestamp, message });
        }
      },
      environment: (environmentId, initialization) => {
        const name = streamName(version, environmentId, ctx.world.clock.now());
        this.logs.open(environmentId, {
          group: version.logging.group,
          name,
          ctx,
          principal: async () => (await (credentials ?? assume())).principal,
        });
        const now = ctx.world.clock.now();
        const runsOn = image === undefined ? ctx.ports.runtimes.runsOn(version.runtime) : undefined;
        const message = initStartLine(version, runsOn, ctx.region, initialization, now);
        const event = message && { timestamp: Math.floor(now), message };
        // Whose start nobody waits for may write nothing else for long.
        if (event && initialization === 'on-demand') this.logs.hold(environmentId, event);
        else if (event) this.logs.write(environmentId, event);
        return {
          ...variablesOf(ctx, version, name, code),
          AWS_LAMBDA_INITIALIZATION_TYPE: initialization,
        };
      },
    };
    return {
      version,
      spec,
      functionArn: ownArn,
      versionArn: functionArn,
      scope: `${reference.account}/${reference.region}`,
      reserved: row.reservedConcurrency,
      provisioned: await provisionedFor(ctx.store, target.rows, version),
      provisionedInFunction: await provisionedOf(ctx.store, target.rows, version.name),
      mayLoop: row.recursiveLoop === 'Allow',
    };
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
function variablesOf(
  ctx: Context,
  version: FunctionVersion,
  logStream: string,
  code: string,
): Record<string, string> {
  const { logging, image } = version;
  return {
    AWS_ENDPOINT_URL: ctx.endpoint,
    ...openVariables(version, ctx),
    AWS_REGION: ctx.region,
    AWS_DEFAULT_REGION: ctx.region,
    AWS_LAMBDA_FUNCTION_NAME: version.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(version.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_LOG_GROUP_NAME: logging.group,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    ...(logging.format === 'JSON'
      ? { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: logging.applicationLevel ?? 'INFO' }
      : {}),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    // An image brings its own.
    ...(image === undefined
      ? {
          _HANDLER: version.handler,
          AWS_EXECUTION_ENV: `AWS_Lambda_${version.runtime}`,
          LAMBDA_TASK_ROOT: ctx.ports.runtimes.isolation.sandboxed ? '/var/task' : code,
          LAMBDA_RUNTIME_DIR: '/var/runtime',
        }
      : {}),
  };
}

/** Why an image cannot run at the moment: the engine has gone, or its image. */
async function imageLack(ctx: Context, { image }: FunctionVersion): Promise<string | undefined> {
  if (image === undefined) return undefined;
  const found = await ctx.ports.runtimes.image(image.id);
  return 'lacks' in found ? found.reason : undefined;
}

async function readAlias({ reference, rows, ctx }: Target): Promise<Alias | undefined> {
  const row = await rows.aliases.get(ctx.store, [reference.name, reference.qualifier ?? '']);
  return row && { main: row.version, weights: Object.entries(row.weights) };
}

function chosen({ main, weights }: Alias, ctx: Context): string {
  if (weights.length === 0) return main;
  let drawn = ctx.world.random.below(1_000_000) / 1_000_000;
  for (const [version, weight] of weights) {
    drawn -= weight;
    if (drawn < 0) return version;
  }
  return main;
}

/** A failure is not remembered. */
function remembered<T>(known: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  let value = known.get(key);
  if (value === undefined) {
    value = read();
    known.set(key, value);
    value.catch(() => known.delete(key));
  }
  return value;
}

const clouds = new WeakMap<Store, Running>();

/** The running functions of the cloud that `ctx` belongs to. */
export function runningOf(ctx: Context): Running {
  let running = clouds.get(ctx.store);
  if (running === undefined) {
    running = new Running();
    clouds.set(ctx.store, running);
  }
  return running;
}
