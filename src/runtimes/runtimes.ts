import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type {
  EnvironmentSpec,
  ImageFacts,
  ImageLack,
  Invocation,
  InvocationResult,
  RuntimeHere,
  Runtimes,
  WorkerProfile,
} from '../service/runtimes.ts';
import type { Cancel, World } from '../world/world.ts';
import { Openers, type ServerEnd } from './connections.ts';
import { ControlGroups } from './control-groups.ts';
import type { Environment } from './environment.ts';
import type { EnvironmentState } from './environment-options.ts';
import { Fleet, type Waiting } from './fleet.ts';
import { isolationOf } from './isolation.ts';
import type { Names } from './names.ts';
import { MOST_PATIENCE_MS } from './patience.ts';
import { probeSandbox, type Sandbox } from './sandbox.ts';
import { findSdkModules } from './sdk-modules.ts';
import { Starter } from './starter.ts';

export interface RuntimesOptions {
  readonly world: World;
  /** Of the runtimes' alone; emptied at start. On the file system of the code folders, so that files can be linked. */
  readonly folder: string;
  /** AWS's names inside sandboxes, where they are ours; see {@link Names}. */
  readonly names?: Names | undefined;
  /** Where `lambent runtimes install` puts what it fetches; it need not exist. */
  readonly installed?: string | undefined;
  /** Isolation by itself; what the machine offers by default. */
  readonly sandbox?: Sandbox;
  /** What idle environments may hold together, in megabytes. */
  readonly idleMemoryMb?: number;
  /** Environments at a time, of all functions; as many as the machine's memory bears by default. Others wait. */
  readonly mostEnvironments?: number;
}

const WATCH_MS = 100;
/** AWS freezes at once; those that are called again soon need not be woken for it. */
const FREEZE_MS = 300;
const SWEEP_MS = 15_000;
/** An environment nobody called for this long is given back. */
const IDLE_MS = 10 * 60_000;
/** What an environment is taken to hold until it has said. */
const ASSUMED_KB = 45 * 1024;

/** Starts, feeds, limits, evicts and ends the processes user code runs in. */
class ProcessRuntimes implements Runtimes {
  readonly #world: World;
  readonly #starter: Starter;
  readonly #fleets = new Map<string, Fleet>();
  /** Fleets that want an environment and have to wait until others have started. */
  readonly #eager = new Set<Fleet>();
  readonly #idleKb: number;
  readonly #mostStarting = Math.max(4, 2 * availableParallelism());
  readonly #environments = new Set<Environment>();
  readonly #openers = new Openers();
  /** A function has been started. */
  #hasRun = false;
  readonly #mostEnvironments: number;
  #starting = 0;
  /** Starts whose process is not there yet. */
  #unborn = 0;
  #watching = false;
  #cancelSweep: Cancel;
  #closed = false;
  readonly isolation: Runtimes['isolation'];

  constructor(options: RuntimesOptions, starter: Starter, isolation: Runtimes['isolation']) {
    this.#world = options.world;
    this.#starter = starter;
    const idleMb = options.idleMemoryMb ?? Math.min(4096, totalmem() / (4 * 1024 * 1024));
    this.#idleKb = idleMb * 1024;
    this.#mostEnvironments =
      options.mostEnvironments ?? Math.max(8, Math.floor((totalmem() * 0.75) / (64 * 1024 * 1024)));
    this.isolation = isolation;
    this.#cancelSweep = this.#world.timers.after(SWEEP_MS, () => this.#sweep());
  }

  invoke(spec: EnvironmentSpec, invocation: Invocation): Promise<InvocationResult> {
    const fleet = this.#fleetOf(spec);
    if (fleet.patience.pays(fleet.busy, fleet.patient.length)) {
      return new Promise((resolve, reject) => {
        fleet.patient.push({ invocation, resolve, reject, since: this.#world.clock.monotonic() });
        this.#limitPatience(fleet, MOST_PATIENCE_MS);
      });
    }
    const environment = fleet.takeIdle();
    if (environment !== undefined) return this.#run(fleet, environment, invocation);
    return new Promise((resolve, reject) => {
      fleet.waiting.push({ invocation, resolve, reject });
      this.#startFor(fleet);
    });
  }

  /** Who has been patient for long enough gets an environment of its own. */
  #limitPatience(fleet: Fleet, afterMs: number): void {
    if (fleet.limited) return;
    fleet.limited = true;
    this.#world.timers.after(afterMs, () => {
      fleet.limited = false;
      const now = this.#world.clock.monotonic();
      for (let [first] = fleet.patient; first !== undefined; [first] = fleet.patient) {
        const leftMs = first.since + MOST_PATIENCE_MS - now;
        if (leftMs > 0) return this.#limitPatience(fleet, leftMs);
        fleet.patient.shift();
        this.#serve(fleet, first);
      }
    });
  }

  #serve(fleet: Fleet, waiting: Waiting): void {
    const environment = fleet.takeIdle();
    if (environment === undefined) {
      fleet.waiting.push(waiting);
      this.#startFor(fleet);
    } else this.#run(fleet, environment, waiting.invocation).then(waiting.resolve, waiting.reject);
  }

  prepare(profile: WorkerProfile): void {
    if (!this.#closed) this.#starter.prepare(profile);
  }

  keepReady(spec: EnvironmentSpec, count: number): void {
    if (this.#closed) return;
    const fleet = this.#fleetOf(spec);
    fleet.ready = count;
    fleet.failed = false;
    this.#startFor(fleet);
  }

  kept(functionKey: string): { readonly available: number; readonly failed: boolean } {
    const fleet = this.#fleets.get(functionKey);
    if (fleet === undefined) return { available: 0, failed: false };
    return { available: Math.min(fleet.ready, fleet.started), failed: fleet.failed };
  }

  missing(runtime: string): string | undefined {
    return this.#starter.languages.missing(runtime);
  }

  standIn(runtime: string): string | undefined {
    return this.#starter.languages.standIn(runtime);
  }

  runsOn(runtime: string): string | undefined {
    return this.#starter.languages.runsOn(runtime);
  }

  async image(uri: string): Promise<ImageFacts | ImageLack> {
    const { engine } = this.#starter;
    const lack = await engine.lack();
    if (lack !== undefined) return { lacks: 'engine', reason: lack };
    return (await engine.image(uri)) ?? { lacks: 'image', reason: `the engine has no image ${uri}` };
  }

  list(): Promise<readonly RuntimeHere[]> {
    return this.#starter.languages.list();
  }

  async evict(functionKey: string): Promise<void> {
    const fleet = this.#fleets.get(functionKey);
    if (fleet !== undefined) this.#retire(fleet);
  }

  ownsConnection(connection: ServerEnd): boolean {
    // What a function has sent may be read when its environment has gone.
    if (!this.#hasRun) return false;
    const holders = [...this.#environments].flatMap(({ holder }) => (holder === undefined ? [] : [holder]));
    return this.#openers.isFunction(holders, connection);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep();
    const gone = this.#starter.close();
    const stops = new Error('the server stops');
    for (const fleet of this.#fleets.values()) {
      for (const { reject } of fleet.waiting.splice(0)) reject(stops);
      for (const { reject } of fleet.patient.splice(0)) reject(stops);
    }
    this.#fleets.clear();
    await Promise.all(
      [...this.#environments].map((environment) => {
        return environment.state === 'idle' ? environment.end() : environment.abandon(stops);
      }),
    );
    await gone;
  }

  #fleetOf(spec: EnvironmentSpec): Fleet {
    const known = this.#fleets.get(spec.functionKey);
    if (known?.revision === spec.revision) {
      known.spec = spec;
      return known;
    }
    if (known !== undefined) this.#retire(known);
    const fleet = new Fleet(spec);
    this.#fleets.set(spec.functionKey, fleet);
    return fleet;
  }

  /** Idle environments end now, busy ones after their invocation, and who waits is served before that. */
  #retire(fleet: Fleet): void {
    this.#fleets.delete(fleet.functionKey);
    for (const waiting of fleet.patient.splice(0)) this.#serve(fleet, waiting);
    for (const environment of fleet.all) {
      if (environment.state === 'idle') void environment.end();
      else if (environment.state === 'busy') environment.retired = true;
    }
    fleet.idle.length = 0;
  }

  #run(fleet: Fleet, environment: Environment, invocation: Invocation): Promise<InvocationResult> {
    fleet.busy++;
    this.#watchLater();
    return environment.run(invocation);
  }

  #watchLater(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#world.timers.after(WATCH_MS, () => this.#watch());
  }

  #startFor(fleet: Fleet): void {
    while (fleet.starting < Math.max(fleet.waiting.length, fleet.missing)) {
      if (this.#starting >= this.#mostStarting || !this.#hasRoom()) {
        this.#eager.add(fleet);
        return;
      }
      this.#start(fleet);
    }
    this.#eager.delete(fleet);
  }

  #start(fleet: Fleet): void {
    this.#hasRun = true;
    this.#starting++;
    this.#unborn++;
    const kept = fleet.starting < fleet.missing;
    fleet.starting++;
    this.#makeRoom();
    this.#starter
      .start(fleet.spec, kept ? 'provisioned-concurrency' : 'on-demand', (environment, was) =>
        this.#changed(fleet, environment, was),
      )
      .finally(() => this.#unborn--)
      .then(
        (environment) => {
          if (environment.state === 'dead') return;
          fleet.all.add(environment);
          this.#environments.add(environment);
          this.#watchLater();
          if (this.#closed) environment.kill();
        },
        (error: unknown) => {
          fleet.starting--;
          this.#starting--;
          const next = fleet.waiting.shift();
          if (next === undefined) fleet.failed = true;
          next?.reject(error);
          this.#startEager();
        },
      );
  }

  #startEager(): void {
    for (const fleet of this.#eager) {
      if (this.#starting >= this.#mostStarting) break;
      this.#startFor(fleet);
    }
  }

  #changed(fleet: Fleet, environment: Environment, was: EnvironmentState): void {
    if (was === 'starting') {
      fleet.starting--;
      this.#starting--;
    } else if (was === 'busy') {
      if (environment.use !== undefined) fleet.patience.note(environment.use, fleet.busy);
      fleet.busy--;
    }
    if (environment.state === 'dead') this.#bury(fleet, environment, was);
    else {
      const next = fleet.waiting.shift() ?? fleet.patient.shift();
      if (next !== undefined) this.#run(fleet, environment, next.invocation).then(next.resolve, next.reject);
      else if (environment.retired || this.#fleets.get(fleet.functionKey) !== fleet) environment.kill();
      else fleet.idle.push(environment);
    }
    if (this.#eager.size > 0) this.#startEager();
  }

  #bury(fleet: Fleet, environment: Environment, was: EnvironmentState): void {
    this.#environments.delete(environment);
    fleet.all.delete(environment);
    const at = fleet.idle.indexOf(environment);
    if (at >= 0) fleet.idle.splice(at, 1);
    if (was === 'starting') this.#failStart(fleet, environment);
    else if (fleet.ready > 0 && this.#fleets.get(fleet.functionKey) === fleet) this.#startFor(fleet);
  }

  /** The invocation that waited for this environment answers what kept it from starting. */
  #failStart(fleet: Fleet, environment: Environment): void {
    const { failure } = environment;
    const next = fleet.waiting.shift();
    if (next === undefined) fleet.failed = true;
    if (next === undefined || failure === undefined) return;
    next.resolve({
      environmentId: environment.id,
      ...failure(next.invocation.requestId),
      error: 'Unhandled',
      durationMs: 0,
      initDurationMs: undefined,
      maxMemoryMb: Math.min(environment.spec.memoryMb, Math.ceil(environment.memoryKb / 1024)),
    });
  }

  /** Goes on while anything runs, and until what no longer runs is frozen. */
  #watch(): void {
    const now = this.#world.clock.monotonic();
    let awake = 0;
    for (const environment of this.#environments) {
      if (environment.state === 'idle') {
        if (environment.frozen || environment.retired) continue;
        if (now - environment.idleSince > FREEZE_MS) environment.freeze();
        else awake++;
      } else {
        awake++;
        environment.watch();
      }
    }
    this.#watching = false;
    if (awake > 0 && !this.#closed) this.#watchLater();
  }

  #sweep(): void {
    const now = this.#world.clock.monotonic();
    for (const environment of [...this.#environments]) {
      if (this.#mayGo(environment) && now - environment.idleSince > IDLE_MS) void environment.end();
    }
    this.#makeRoom();
    if (!this.#closed) this.#cancelSweep = this.#world.timers.after(SWEEP_MS, () => this.#sweep());
  }

  /** Idle, and not one of those its fleet keeps. */
  #mayGo(environment: Environment): boolean {
    if (environment.state !== 'idle' || environment.retired) return false;
    const fleet = this.#fleets.get(environment.spec.functionKey);
    return fleet === undefined || fleet.all.size > fleet.ready;
  }

  /** Whether one more process fits; when not, the one longest idle makes room and tells when it has gone. */
  #hasRoom(): boolean {
    if (this.#environments.size + this.#unborn < this.#mostEnvironments) return true;
    let oldest: Environment | undefined;
    for (const environment of this.#environments) {
      if (!this.#mayGo(environment)) continue;
      if (oldest === undefined || environment.idleSince < oldest.idleSince) oldest = environment;
    }
    void oldest?.end();
    return false;
  }

  /** Ends the environments longest idle while the idle ones hold more than they may. */
  #makeRoom(): void {
    const idle: Environment[] = [];
    let heldKb = 0;
    for (const environment of this.#environments) {
      if (!this.#mayGo(environment)) continue;
      idle.push(environment);
      heldKb += environment.heldKb || ASSUMED_KB;
    }
    if (heldKb <= this.#idleKb) return;
    idle.sort((a, b) => a.idleSince - b.idleSince);
    for (const environment of idle) {
      if (heldKb <= this.#idleKb) break;
      heldKb -= environment.heldKb || ASSUMED_KB;
      void environment.end();
    }
  }
}

/** The runtimes of this machine; looks once what isolation and which languages there are. */
export async function createRuntimes(options: RuntimesOptions): Promise<Runtimes> {
  const folder = join(options.folder, 'environments');
  const [sandbox, sdk] = await Promise.all([
    options.sandbox ?? probeSandbox(),
    findSdkModules(),
    rm(folder, { recursive: true, force: true }).then(() => mkdir(folder, { recursive: true })),
  ]);
  const groups = ControlGroups.ofProcess();
  const { world, names, installed } = options;
  const starter = new Starter({ world, folder, sandbox, sdk, groups, names, installed });
  return new ProcessRuntimes(options, starter, isolationOf(sandbox, groups, names !== undefined));
}
