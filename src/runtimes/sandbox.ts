import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { kernelSays, whyNoSandbox } from './isolation.ts';
import { MOST_THREADS } from './memory.ts';

/** What a worker's process sees of the machine. */
export interface Confinement {
  /** Shown read-only at /var/task. */
  readonly codeFolder: string;
  /** Shown read-only at /opt. */
  readonly layerFolder: string;
  /** Size of its private /tmp. */
  readonly tmpMb: number;
  /** Further read-only views: from a path of ours to one of theirs. */
  readonly views: readonly View[];
}

export interface View {
  readonly from: string;
  readonly to: string;
}

export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
}

/** How processes are kept apart on this machine. */
export interface Sandbox {
  readonly sandboxed: boolean;
  /** Why functions are not kept apart, and what would let them be; undefined where they are. */
  readonly lack: string | undefined;
  /** The command that runs `command` confined; the command itself where there is no sandbox. */
  wrap(command: CommandLine, confinement: Confinement): CommandLine;
}

/** What of /etc programs need to resolve names, trust certificates and find their libraries. */
const ETC = [
  'alternatives',
  'ca-certificates',
  'crypto-policies',
  'gai.conf',
  'host.conf',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'os-release',
  'pki',
  'protocols',
  'resolv.conf',
  'services',
  'ssl',
];

/** Where programs are looked for: bubblewrap itself, and what functions run. */
export const PROGRAM_PATH = '/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin:/run/current-system/sw/bin';

/** The user AWS runs functions as. */
const UID = 993;
const GID = 990;

/** The parts of the machine every program needs, as bubblewrap's arguments. */
function systemArguments(): string[] {
  const args = ['--ro-bind', '/usr', '/usr'];
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const path = `/${name}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) args.push('--symlink', readlinkSync(path), path);
    else if (stat?.isDirectory()) args.push('--ro-bind', path, path);
  }
  for (const name of ETC) args.push('--ro-bind-try', `/etc/${name}`, `/etc/${name}`);
  // NixOS keeps every program there.
  args.push('--ro-bind-try', '/nix/store', '/nix/store');
  return args;
}

/** Namespaces of its own but the network's: SDK calls go to Lambent on the loopback interface. */
const ISOLATION = [
  '--unshare-user',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--uid',
  String(UID),
  '--gid',
  String(GID),
  '--hostname',
  'lambda',
  '--cap-drop',
  'ALL',
  '--die-with-parent',
];

const PRLIMIT = '/usr/bin/prlimit';

/**
 * No core files, and within a user namespace the kernel itself counts processes, except those of root. They are
 * counted from outside too, where this cannot be had.
 */
function limiter(): readonly string[] {
  if (!existsSync(PRLIMIT) || process.getuid?.() === 0) return [];
  return [PRLIMIT, '--core=0', `--nproc=${MOST_THREADS}`, '--'];
}

function bubblewrap(): Sandbox {
  const limits = limiter();
  const system = systemArguments();
  return {
    sandboxed: true,
    lack: undefined,
    wrap: (command, confinement) => ({
      file: 'bwrap',
      args: [
        ...ISOLATION,
        ...system,
        '--proc',
        '/proc',
        '--dev',
        '/dev',
        '--size',
        String(confinement.tmpMb * 1024 * 1024),
        '--tmpfs',
        '/tmp',
        '--ro-bind',
        confinement.codeFolder,
        '/var/task',
        '--ro-bind',
        confinement.layerFolder,
        '/opt',
        ...confinement.views.flatMap(({ from, to }) => ['--ro-bind', from, to]),
        // /dev/shm, and the root itself, would be memory that nothing bounds.
        '--remount-ro',
        '/dev',
        '--remount-ro',
        '/',
        '--chdir',
        '/var/task',
        '--',
        ...limits,
        command.file,
        ...command.args,
      ],
    }),
  };
}

/** No isolation: the function is a process of the user who started Lambent. */
export function plainProcesses(reason: string): Sandbox {
  return {
    sandboxed: false,
    lack: reason,
    wrap: (command) => command,
  };
}

/** Runs a program in a sandbox once, to learn whether this machine lets us. */
export async function probeSandbox(): Promise<Sandbox> {
  if (process.platform !== 'linux')
    return plainProcesses(`bubblewrap is not available on ${process.platform}`);
  const sandbox = bubblewrap();
  const { file, args } = sandbox.wrap(
    { file: process.execPath, args: ['--v8-options'] },
    {
      codeFolder: '/usr',
      layerFolder: '/usr',
      tmpMb: 1,
      views: process.execPath.startsWith('/usr/') ? [] : [{ from: process.execPath, to: process.execPath }],
    },
  );
  const problem = await new Promise<string | undefined>((resolve) => {
    execFile(
      file,
      args,
      { timeout: 5_000, maxBuffer: 1 << 20, env: { PATH: PROGRAM_PATH } },
      (error, _stdout, stderr) => {
        if (error === null) resolve(undefined);
        else if (error.code === 'ENOENT')
          resolve('bubblewrap is not installed (sudo apt install bubblewrap, sudo dnf install bubblewrap)');
        else
          resolve(
            whyNoSandbox(stderr.trim() || `bwrap ended with ${error.code ?? error.signal}`, kernelSays),
          );
      },
    );
  });
  return problem === undefined ? sandbox : plainProcesses(problem);
}
