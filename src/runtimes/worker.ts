import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { World } from '../world/world.ts';
import { givenSockets, type Holder, holdsConnection } from './connections.ts';
import { type ControlGroup, within } from './control-groups.ts';
import type { Container } from './engine.ts';
import { childrenOf, descendants } from './memory.ts';
import { LineReader, RecordReader } from './output.ts';
import { ApiConnection, type ApiRequest } from './runtime-api.ts';
import type { CommandLine } from './sandbox.ts';

/** How a process ended. */
export interface WorkerExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** What a worker tells whoever holds it; the holder changes when a waiting worker is claimed. */
export interface WorkerEvents {
  request(request: ApiRequest, connection: ApiConnection): void;
  output(text: string): void;
  /** A line of a program that runs beside the runtime. */
  companionOutput(text: string): void;
  /** One of those has ended, or the runtime itself, when its name is `-`. */
  companionEnded(name: string, code: number): void;
  exit(exit: WorkerExit): void;
}

export interface WorkerOptions {
  readonly world: World;
  readonly command: CommandLine;
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  /** Removed when the process has ended. */
  readonly folder: string;
  /** Serve the Runtime API on a loopback port, for programs that are not ours. */
  readonly overTcp: boolean;
  /** Nothing it starts outlives it: a sandbox ends whole. */
  readonly sandboxed: boolean;
  /** Programs run beside the runtime: their launcher tells of them. */
  readonly accompanied: boolean;
  /** Where this machine has them. */
  readonly group?: ControlGroup | undefined;
  /** The command runs this container, whose processes are not the command's own. */
  readonly container?: Container | undefined;
}

/** After its end a process's pipes are read to their end, unless a descendant holds them open. */
const DRAIN_MS = 100;

/**
 * One process and the Runtime API it speaks. Our bootstraps speak it on an inherited socket (file descriptor 3) that
 * nobody else can reach, and write log records to descriptor 4; others get a loopback port of their own.
 */
export class Worker {
  readonly #child: ChildProcess;
  readonly #world: World;
  readonly #server: Server | undefined;
  readonly #held: { request: ApiRequest; connection: ApiConnection }[] = [];
  #events: WorkerEvents | undefined;
  #exit: WorkerExit | undefined;
  #exited = false;
  #bury: () => void = () => {};
  /** Its process has ended, and its folder is removed. */
  readonly gone = new Promise<void>((resolve) => {
    this.#bury = resolve;
  });
  #frozen = false;
  /** Frozen processes outside of the group. */
  readonly #left: number[] = [];
  readonly #sandboxed: boolean;
  /** The launcher has told. */
  #runtimeEnded = false;
  readonly #group: ControlGroup | undefined;
  #ranOutOfMemory = false;
  readonly folder: string;
  readonly #container: Container | undefined;
  /** Settled when {@link Worker.holder} is known. */
  readonly #located: Promise<void>;
  /** Undefined when it could not be started, and of a container that has yet to be. */
  holder: Holder | undefined;

  private constructor(options: WorkerOptions, server: Server | undefined, port: number | undefined) {
    this.#world = options.world;
    this.#server = server;
    this.folder = options.folder;
    this.#sandboxed = options.sandboxed;
    this.#group = options.group;
    const { file, args } =
      options.group === undefined ? options.command : within(options.group, options.command);
    this.#child = spawn(file, args, {
      // A group of its own: a terminal's Ctrl-C reaches the server, which then ends its workers in order.
      detached: true,
      cwd: options.workingFolder,
      env: {
        ...options.environment,
        ...(port === undefined ? {} : { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}` }),
      },
      stdio: [
        'ignore',
        'pipe',
        'pipe',
        'pipe',
        'pipe',
        ...(options.accompanied ? (['pipe', 'pipe'] as const) : []),
      ],
    });
    this.#child.unref();
    const { pid } = this.#child;
    this.#container = options.container;
    if (options.container === undefined) {
      this.holder = pid === undefined ? undefined : { pid, given: givenSockets(pid) };
      this.#located = Promise.resolve();
    } else {
      this.#located = options.container.locate().then((first) => {
        this.holder = first === undefined ? undefined : { pid: first, given: new Set() };
      });
    }
    const [, stdout, stderr, api, log, beside, ended] = this.#child.stdio as unknown as [
      null,
      Readable,
      Readable,
      Duplex,
      Readable,
      Readable | undefined,
      Readable | undefined,
    ];
    const emit = (text: string) => this.#events?.output(text);
    for (const stream of [stdout, stderr]) readLines(stream, emit);
    readLines(beside, (text) => this.#events?.companionOutput(text));
    readLines(ended, (text) => {
      const [name = '', code] = text.trim().split(' ');
      if (name === '-') this.#runtimeEnded = true;
      this.#events?.companionEnded(name, Number(code));
    });
    const records = new RecordReader(emit);
    log.on('data', (chunk: Buffer) => records.push(chunk));
    log.on('error', () => log.destroy());
    this.#attach(api);
    server?.on('connection', (socket: Socket) => {
      if (options.container === undefined) this.#admit(socket);
      else void this.#located.then(() => this.#admit(socket));
    });
    this.#child.on('error', () => this.#finish({ code: undefined, signal: undefined }));
    this.#child.on('exit', (code, signal) => {
      this.#exit = exitOf(code, signal);
      if (!options.sandboxed) this.#endRest();
      if (options.container === undefined) this.#world.timers.after(DRAIN_MS, () => this.#finish(this.#exit));
      else void this.#remove(options.container, this.#exit);
    });
    this.#child.on('close', (code, signal) => {
      if (options.container === undefined || this.#exit === undefined) {
        this.#finish(this.#exit ?? exitOf(code, signal));
      }
    });
  }

  #admit(socket: Socket): void {
    // The port is on the machine's loopback, where other functions are too.
    if (!this.#isOwn(socket)) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.unref();
    this.#attach(socket);
  }

  static async start(options: WorkerOptions): Promise<Worker> {
    if (!options.overTcp) return new Worker(options, undefined, undefined);
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    server.unref();
    const address = server.address();
    return new Worker(
      options,
      server,
      typeof address === 'object' && address !== null ? address.port : undefined,
    );
  }

  /** The first of its processes: a container's is not the command that runs it. */
  get #first(): number | undefined {
    return this.#container === undefined ? this.#child.pid : this.holder?.pid;
  }

  /** The kernel has ended a process of it for want of memory. */
  get ranOutOfMemory(): boolean {
    return this.#ranOutOfMemory || this.#group?.ranOutOfMemory === true;
  }

  get alive(): boolean {
    return !this.#exited && this.#exit === undefined;
  }

  /** Requests that came before anybody listened are handed over at once. */
  listen(events: WorkerEvents): void {
    this.#events = events;
    for (const { request, connection } of this.#held.splice(0)) events.request(request, connection);
    if (this.#exited) events.exit(this.#exit ?? { code: undefined, signal: undefined });
  }

  /** It has started. */
  settle(): void {
    this.#group?.settle();
  }

  /** Ends the process and all it started, at once. */
  kill(): void {
    // What left the group of a process without a sandbox is found while its parents live.
    const others = this.#sandboxed ? [] : this.#others();
    this.#signal('SIGKILL');
    for (const pid of others) signal(pid, 'SIGKILL');
    if (this.#container !== undefined && this.alive) void this.#located.then(() => this.#signal('SIGKILL'));
  }

  /** Ends what a process without a sandbox leaves behind: of its group, and of its control group where it has one. */
  #endRest(): void {
    const { pid } = this.#child;
    if (pid !== undefined) signal(-pid, 'SIGKILL');
    this.#group?.kill();
  }

  /** Asks the runtime, which the launcher started last, to end. */
  terminate(): void {
    this.#signalRuntime('SIGTERM');
  }

  /** Ends the runtime and not what runs beside it. */
  killRuntime(): void {
    this.#signalRuntime('SIGKILL');
  }

  #signalRuntime(name: NodeJS.Signals): void {
    const runtime = this.#runtimeEnded ? undefined : this.#launched().at(-1);
    if (runtime !== undefined) signal(runtime, name);
  }

  #launched(): readonly number[] {
    const { pid } = this.#child;
    if (pid === undefined || this.#exited) return [];
    // In a sandbox the launcher is below its outer and its inner half.
    const inner = this.#sandboxed ? childrenOf(pid)[0] : pid;
    const launcher = this.#sandboxed && inner !== undefined ? childrenOf(inner)[0] : inner;
    return launcher === undefined ? [] : childrenOf(launcher);
  }

  /** Stops the process and all it started until {@link Worker.thaw}. False when it starts more than can be stopped. */
  freeze(): boolean {
    this.#frozen = true;
    this.#signal('SIGSTOP');
    const stopped = new Set<number>();
    for (let round = 0; round < FREEZE_ROUNDS; round++) {
      const running = this.#others().filter((pid) => !stopped.has(pid));
      if (running.length === 0) return true;
      for (const pid of running) {
        signal(pid, 'SIGSTOP');
        stopped.add(pid);
        this.#left.push(pid);
      }
    }
    return false;
  }

  thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#signal('SIGCONT');
    for (const pid of this.#left.splice(0)) signal(pid, 'SIGCONT');
  }

  /** To the whole group. */
  #signal(name: NodeJS.Signals): void {
    const pid = this.#first;
    if (pid !== undefined && !this.#exited) signal(-pid, name);
  }

  /** Processes it started that have left its group. */
  #others(): number[] {
    const pid = this.#first;
    if (pid === undefined || this.#exited) return [];
    return [...descendants([pid])].filter((one) => one !== pid && groupOf(one) !== pid);
  }

  #isOwn(socket: Socket): boolean {
    if (process.platform !== 'linux') return true;
    return this.holder !== undefined && holdsConnection(this.holder, socket);
  }

  #attach(stream: Duplex): void {
    new ApiConnection(stream, (request, connection) => {
      if (this.#events === undefined) this.#held.push({ request, connection });
      else this.#events.request(request, connection);
    });
  }

  /** What the engine knows of its end comes before ours. */
  async #remove(container: Container, exit: WorkerExit): Promise<void> {
    if (await container.remove()) this.#ranOutOfMemory = true;
    this.#finish(exit);
  }

  #removeGroup(attempt = 0): void {
    if (this.#group === undefined || this.#group.remove() || attempt === MOST_REMOVALS) return;
    this.#world.timers.after(REMOVE_AGAIN_MS, () => this.#removeGroup(attempt + 1));
  }

  #finish(exit: WorkerExit | undefined): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#exit = exit;
    this.#server?.close();
    this.#ranOutOfMemory = this.ranOutOfMemory;
    this.#removeGroup();
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#events?.exit(exit ?? { code: undefined, signal: undefined });
    rm(this.folder, { recursive: true, force: true })
      .catch(() => {
        // What is left is removed with the whole folder at the next start.
      })
      .finally(this.#bury);
  }
}

function readLines(stream: Readable | undefined, onLine: (line: string) => void): void {
  const lines = new LineReader(onLine);
  stream?.on('data', (chunk: Buffer) => lines.push(chunk));
  stream?.on('end', () => lines.end());
  stream?.on('error', () => stream.destroy());
}

/** The kernel needs a moment to let go of a process. */
const REMOVE_AGAIN_MS = 50;
const MOST_REMOVALS = 20;

/** What starts new processes faster than it is stopped does so on purpose. */
const FREEZE_ROUNDS = 5;

/** It may have ended in the meantime. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The process group, or 0 when the process has gone. proc(5) */
function groupOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; after it come state, parent and group.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return 0;
  }
}

/** bubblewrap passes on that its program was killed by a signal as a shell does: 128 and the signal's number. */
export function exitOf(code: number | null, signal: string | null): WorkerExit {
  const names: Readonly<Record<number, string>> = {
    134: 'aborted',
    137: 'killed',
    139: 'segmentation fault',
  };
  if (signal !== null) {
    const words: Readonly<Record<string, string>> = {
      SIGKILL: 'killed',
      SIGABRT: 'aborted',
      SIGSEGV: 'segmentation fault',
      SIGTERM: 'terminated',
    };
    return { code: undefined, signal: words[signal] ?? signal };
  }
  const named = names[code ?? 0];
  return named === undefined
    ? { code: code ?? undefined, signal: undefined }
    : { code: undefined, signal: named };
}
