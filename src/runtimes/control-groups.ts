import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MOST_THREADS } from './memory.ts';

/** What the kernel holds one environment to. */
export interface GroupLimits {
  /** The function's memory. */
  readonly memoryMb: number;
  /** What its /tmp may hold beside it, where that is memory too. */
  readonly tmpMb: number;
}

/** The control group of one environment. */
export interface ControlGroup {
  /** Files that take a process in. */
  readonly doors: readonly string[];
  /** Weighs it by its memory from here on: starts have a processor's weight, as Lambda's do. */
  settle(): void;
  /** Whether the kernel has ended a process in it for want of memory. */
  readonly ranOutOfMemory: boolean;
  /** Ends every process in it. */
  kill(): void;
  /** False while a process is left in it. */
  remove(): boolean;
}

/** What has a bound, and not a weight. */
type Bound = 'memory' | 'pids';
type Controller = Bound | 'cpu';
const CONTROLLERS: readonly Controller[] = ['memory', 'cpu', 'pids'];

/** Lambda gives one processor at this much memory. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MB_OF_ONE_PROCESSOR = 1769;
const MB = 1024 * 1024;
/** bubblewrap's own two processes count too. */
const MOST_PIDS = MOST_THREADS + 2;
const NAME = 'lambent-';

/** Where this process stands in one hierarchy, and where groups of environments are made below. */
interface Hierarchy {
  readonly controllers: readonly Controller[];
  readonly unified: boolean;
  /** Holds the environments' groups. */
  readonly base: string;
}

/**
 * Control groups of this machine, as far as this process may make any: below its own in the unified hierarchy when
 * that has been delegated to it and holds nobody else, or below its own in each of the older ones.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export class ControlGroups {
  readonly #hierarchies: readonly Hierarchy[];
  #made = 0;
  /** What environments are held to. */
  readonly controllers: ReadonlySet<Controller>;

  private constructor(hierarchies: readonly Hierarchy[]) {
    this.#hierarchies = hierarchies;
    this.controllers = new Set(hierarchies.flatMap(({ controllers }) => controllers));
  }

  /** Undefined when none can be made. `root` is where they are mounted, `own` the text of /proc/self/cgroup. */
  static find(root = '/sys/fs/cgroup', own?: string): ControlGroups | undefined {
    let text: string;
    try {
      text = own ?? readFileSync('/proc/self/cgroup', 'latin1');
    } catch {
      return undefined;
    }
    const hierarchies: Hierarchy[] = [];
    for (const line of text.trim().split('\n')) {
      const [, names = '', path = '/'] = line.split(':');
      const hierarchy = names === '' ? unified(join(root, path)) : older(root, names, path);
      if (hierarchy !== undefined) hierarchies.push(hierarchy);
    }
    return hierarchies.length === 0 ? undefined : new ControlGroups(hierarchies);
  }

  /** Of this process, whose place changes when they are first asked for; gone when it is. */
  static ofProcess(): ControlGroups | undefined {
    if (!looked) {
      looked = true;
      found = ControlGroups.find();
      process.once('exit', () => found?.close());
    }
    return found;
  }

  /** A group for one environment. */
  make(limits: GroupLimits): ControlGroup {
    const name = String(this.#made++);
    const folders: string[] = [];
    let events: string | undefined;
    let settle = () => {};
    for (const { base, controllers, unified: isUnified } of this.#hierarchies) {
      const folder = join(base, name);
      mkdirSync(folder);
      folders.push(folder);
      for (const controller of controllers) {
        if (controller === 'cpu') {
          const { file, ofOneProcessor, least } = isUnified ? WEIGHT : SHARES;
          const weight = Math.round((ofOneProcessor * limits.memoryMb) / MB_OF_ONE_PROCESSOR);
          settle = () => writeIfThere(join(folder, file), String(Math.max(least, weight)));
          continue;
        }
        const files = isUnified ? unifiedFiles(controller, limits) : olderFiles(controller, limits);
        for (const [file, value] of files) writeIfThere(join(folder, file), value);
        if (controller === 'memory') {
          events = join(folder, isUnified ? 'memory.events' : 'memory.oom_control');
        }
      }
    }
    return {
      doors: folders.map((folder) => join(folder, 'cgroup.procs')),
      settle,
      get ranOutOfMemory() {
        if (events === undefined || !existsSync(events)) return false;
        return Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, 'latin1'))?.[1] ?? 0) > 0;
      },
      kill: () => killAll(folders),
      remove: () => folders.map(removed).every(Boolean),
    };
  }

  close(): void {
    for (const { base } of this.#hierarchies) removeTree(base);
  }
}

let looked = false;
let found: ControlGroups | undefined;

/** Values for the files of a group: what is not there in this kernel is left out. */
function unifiedFiles(controller: Bound, { memoryMb, tmpMb }: GroupLimits): readonly [string, string][] {
  switch (controller) {
    case 'memory':
      return [
        ['memory.max', String((memoryMb + tmpMb) * MB)],
        ['memory.swap.max', '0'],
        ['memory.oom.group', '1'],
      ];
    case 'pids':
      return [['pids.max', String(MOST_PIDS)]];
  }
}

function olderFiles(controller: Bound, { memoryMb, tmpMb }: GroupLimits): readonly [string, string][] {
  const bytes = String((memoryMb + tmpMb) * MB);
  switch (controller) {
    case 'memory':
      return [
        ['memory.limit_in_bytes', bytes],
        ['memory.memsw.limit_in_bytes', bytes],
      ];
    case 'pids':
      return [['pids.max', String(MOST_PIDS)]];
  }
}

/** Weights and no ceilings: a function is not slower for its size while processors are free. */
const WEIGHT = { file: 'cpu.weight', ofOneProcessor: 100, least: 1 };
const SHARES = { file: 'cpu.shares', ofOneProcessor: 1024, least: 2 };

function unified(own: string): Hierarchy | undefined {
  try {
    const offered = readFileSync(join(own, 'cgroup.controllers'), 'latin1').trim().split(' ');
    const wanted = CONTROLLERS.filter((controller) => offered.includes(controller));
    if (wanted.length === 0 || !mayWrite(own)) return undefined;
    // A group with processes in it hands no controllers down; and what is in ours beside us is not ours to move.
    const others = readFileSync(join(own, 'cgroup.procs'), 'latin1').trim().split('\n').map(Number);
    if (others.some((pid) => pid !== process.pid && pid !== process.ppid)) return undefined;
    const server = join(own, 'lambent-server');
    mkdirSync(server, { recursive: true });
    for (const pid of others) writeFileSync(join(server, 'cgroup.procs'), String(pid));
    const hand = wanted.map((controller) => `+${controller}`).join(' ');
    writeFileSync(join(own, 'cgroup.subtree_control'), hand);
    const base = makeBase(own);
    writeFileSync(join(base, 'cgroup.subtree_control'), hand);
    weigh(base, WEIGHT);
    return { controllers: wanted, unified: true, base };
  } catch {
    // Not mounted, or not handed to us after all.
    return undefined;
  }
}

function older(root: string, names: string, path: string): Hierarchy | undefined {
  const controllers = CONTROLLERS.filter((controller) => names.split(',').includes(controller));
  const own = join(root, names, path);
  if (controllers.length === 0 || !mayWrite(own)) return undefined;
  try {
    const base = makeBase(own);
    weigh(base, SHARES);
    return { controllers, unified: false, base };
  } catch {
    return undefined;
  }
}

/** All functions together may have what all processors give. */
function weigh(base: string, { file, ofOneProcessor }: typeof WEIGHT): void {
  writeIfThere(join(base, file), String(ofOneProcessor * availableParallelism()));
}

/** A folder named by this process; those of processes that have gone go too. */
function makeBase(own: string): string {
  for (const name of readdirSync(own)) {
    const pid = name.startsWith(NAME) ? Number(name.slice(NAME.length)) : Number.NaN;
    if (Number.isInteger(pid) && !existsSync(`/proc/${pid}`)) removeTree(join(own, name));
  }
  const base = join(own, `${NAME}${process.pid}`);
  removeTree(base);
  mkdirSync(base);
  return base;
}

/** What forks faster than it is ended runs out of ids for new processes first. */
function killAll(folders: readonly string[]): void {
  for (const folder of folders) {
    writeIfThere(join(folder, 'pids.max'), '0');
    writeIfThere(join(folder, 'cgroup.kill'), '1');
  }
  const [folder] = folders;
  for (const pid of folder === undefined
    ? []
    : readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n')) {
    if (pid !== '') killQuietly(Number(pid));
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function writeIfThere(file: string, value: string): void {
  if (existsSync(file)) writeFileSync(file, value);
}

/** The kernel's own files go with a group's folder. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function removeTree(base: string): void {
  if (!existsSync(base)) return;
  for (const entry of readdirSync(base, { withFileTypes: true })) {
    if (entry.isDirectory()) removed(join(base, entry.name));
  }
  removed(base);
}

/** `command` as a member of `group` from its first instruction. */
export function within(
  group: ControlGroup,
  command: { readonly file: string; readonly args: readonly string[] },
): { readonly file: string; readonly args: readonly string[] } {
  const { doors } = group;
  const script = `${doors.map((_, index) => `echo 0 >"$${index + 1}"`).join('; ')}; shift ${doors.length}; exec "$@"`;
  return { file: '/bin/sh', args: ['-c', script, 'sh', ...doors, command.file, ...command.args] };
}
