import { execFile } from 'node:child_process';
import type { ImageFacts, ImageSpec } from '../service/runtimes.ts';
import { environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { MOST_THREADS } from './memory.ts';
import type { CommandLine, View } from './sandbox.ts';

/** A container that is to run, or runs. */
export interface Container {
  readonly command: CommandLine;
  /** What its command needs of our own variables, with the container's among them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its first process, as this machine numbers it; undefined when it never ran. */
  locate(): Promise<number | undefined>;
  /** Ends it if it runs, and forgets it. True when the kernel had ended it for want of memory. */
  remove(): Promise<boolean>;
}

export interface ContainerOptions {
  readonly id: string;
  readonly image: ImageSpec;
  readonly memoryMb: number;
  readonly tmpMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly views: readonly View[];
}

/** Variables the engine's own command obeys; a function's of the same name are given by value. */
const ENGINES_OWN = /^(?:PATH|HOME|DOCKER_.*|XDG_RUNTIME_DIR)$/;
/** Holds the process id of a container's server: what a killed one left behind is removed by the next. */
const LABEL = 'lambent.server';
/**
 * Runs a container, by name and command, and removes it when the server has gone: descriptor 3, which every worker is
 * given, then ends. The container itself may be frozen, and would not notice.
 */
const GUARD = [
  'name=$1; shift',
  '"$@" 3<&- 4<&- & ran=$!',
  '(cat <&3; docker rm -f "$name") >/dev/null 2>&1 & guard=$!',
  'wait $ran; code=$?; kill $guard; exit $code',
].join('\n');
const LOCATE_MS = 20;
const MOST_LOOKS = 250;
/** AWS gives a whole processor at this size. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MB_PER_PROCESSOR = 1769;
const USUAL_SHARES = 1024;

/**
 * The container engine of this machine: Docker's command, which speaks to a Docker or to whatever stands in for one. It
 * must be on this machine, as containers share its network: SDK calls come back to us on its loopback interface.
 */
export class ContainerEngine {
  readonly #world: World;
  #lack: Promise<string | undefined> | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Undefined when there is one, else what is missing. Looks again after it found none. */
  async lack(): Promise<string | undefined> {
    this.#lack ??= this.#look();
    const lack = await this.#lack;
    if (lack !== undefined) this.#lack = undefined;
    return lack;
  }

  async #look(): Promise<string | undefined> {
    if (process.platform !== 'linux') {
      return 'functions from container images need Docker Engine on Linux, whose containers share the network of this machine';
    }
    try {
      const format = `{{.ID}} {{.Label "${LABEL}"}}`;
      const left = (await docker('ps', '-a', '--filter', `label=${LABEL}`, '--format', format))
        .split('\n')
        .map((line) => line.split(' '))
        .filter(([id, server]) => id !== '' && !runs(Number(server)))
        .map(([id = '']) => id);
      if (left.length > 0) await docker('rm', '-f', ...left);
      return undefined;
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      const why = (stderr || message).trim().split('\n')[0];
      return `functions from container images need a container engine, and none answers (${why}). To install it: sudo apt install docker.io`;
    }
  }

  /** An image the engine has; undefined when it has none of that name. Nothing is fetched from a registry. */
  async image(uri: string): Promise<ImageFacts | undefined> {
    try {
      const [facts] = JSON.parse(await docker('image', 'inspect', uri)) as readonly [
        {
          readonly Id: string;
          readonly Config: {
            readonly Entrypoint?: readonly string[] | null;
            readonly Cmd?: readonly string[] | null;
          };
        },
      ];
      const { Entrypoint, Cmd } = facts.Config;
      return { id: facts.Id, entryPoint: Entrypoint ?? [], command: Cmd ?? [] };
    } catch {
      return undefined;
    }
  }

  /** How to run an image: confined as functions are, and its Runtime API named by a variable set at the start. */
  container(options: ContainerOptions): Container {
    const { image, memoryMb, tmpMb } = options;
    const name = `lambent-${options.id}`;
    const [program, ...rest] = [...image.entryPoint, ...image.command];
    const own: Record<string, string> = {};
    for (const one of ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG', 'XDG_RUNTIME_DIR']) {
      const value = environment(one);
      if (value !== undefined) own[one] = value;
    }
    const given: string[] = [];
    for (const [variable, value] of Object.entries(options.environment)) {
      if (ENGINES_OWN.test(variable)) given.push('-e', `${variable}=${value}`);
      else {
        // Taken from the command's own variables: others of this machine may read what a command is given.
        given.push('-e', variable);
        own[variable] = value;
      }
    }
    const args = [
      'run',
      ...['--name', name, '--label', `${LABEL}=${process.pid}`],
      ...['--network', 'host', '--pull', 'never', '--log-driver', 'none'],
      // The server's own user, as in a sandbox, with nothing it could do with that: its processes are ours to look at.
      ...['--user', `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`],
      ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--read-only'],
      ...['--tmpfs', `/tmp:rw,exec,mode=1777,size=${tmpMb}m`],
      ...['--memory', `${memoryMb}m`, '--memory-swap', `${memoryMb}m`, '--pids-limit', String(MOST_THREADS)],
      ...['--cpu-shares', String(Math.max(2, Math.round((memoryMb / MB_PER_PROCESSOR) * USUAL_SHARES)))],
      ...options.views.flatMap(({ from, to }) => ['-v', `${from}:${to}:ro`]),
      ...(image.workingDirectory === undefined ? [] : ['--workdir', image.workingDirectory]),
      ...given,
      ...['-e', 'AWS_LAMBDA_RUNTIME_API'],
      ...(program === undefined ? [] : ['--entrypoint', program]),
      image.id,
      ...rest,
    ];
    return {
      command: { file: '/bin/sh', args: ['-c', GUARD, 'sh', name, 'docker', ...args] },
      environment: own,
      locate: () => this.#locate(name),
      remove: () => remove(name),
    };
  }

  async #locate(name: string): Promise<number | undefined> {
    for (let look = 0; look < MOST_LOOKS; look++) {
      try {
        const [status, pid] = (await docker('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', name)).split(
          ' ',
        );
        if (Number(pid) > 0) return Number(pid);
        if (status === 'exited' || status === 'dead') return undefined;
      } catch {
        // Not made yet.
      }
      await this.#world.timers.sleep(LOCATE_MS);
    }
    return undefined;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function remove(name: string): Promise<boolean> {
  try {
    const killed = await docker('inspect', '-f', '{{.State.OOMKilled}}', name);
    await docker('rm', '-f', name);
    return killed === 'true';
  } catch {
    // It was never made.
    return false;
  }
}

function docker(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('docker', args, { timeout: 20_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(Object.assign(error, { stderr }));
    });
  });
}
