import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentSpec, ImageSpec, Initialization, WorkerProfile } from '../service/runtimes.ts';
import { environment as variable } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { USUAL_ADDRESS } from './connections.ts';
import type { ControlGroups } from './control-groups.ts';
import { ContainerEngine } from './engine.ts';
import { Environment } from './environment.ts';
import type { EnvironmentOptions, EnvironmentState } from './environment-options.ts';
import { externalExtensions, LAUNCHER } from './extensions.ts';
import { familyOf, type Language, lackOf } from './languages.ts';
import { Languages } from './languages-here.ts';
import { Living } from './living.ts';
import { type Names, trustOf, viewsOf } from './names.ts';
import { linkAbove } from './node-language.ts';
import { PROGRAM_PATH, type Sandbox } from './sandbox.ts';
import { bootstrapFolder, type SdkModules } from './sdk-modules.ts';
import { isStageable, merge, stage, Trees } from './staging.ts';
import { Standbys } from './standbys.ts';
import { hostsFile, placeOf, plainEnvironment, withCredentials } from './surroundings.ts';
import { Worker } from './worker.ts';

export interface StarterOptions {
  readonly world: World;
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly sdk: SdkModules | undefined;
  readonly groups: ControlGroups | undefined;
  readonly names: Names | undefined;
  /** Where installed runtimes stand; see {@link Languages}. */
  readonly installed: string | undefined;
}

/** Whose processes can start before they know their function. */
const STAND_BY: ReadonlySet<unknown> = new Set(['node', 'python', 'java', 'ruby']);

/** Variables that a process obeys only when they are there at its start. */
const START_ONLY =
  /^(?:NODE_|PYTHON|JAVA_TOOL_OPTIONS$|_JAVA_OPTIONS$|JDK_JAVA_OPTIONS$|LD_|UV_|MALLOC_|GLIBC_|AWS_LAMBDA_EXEC_WRAPPER$)/;

const SYSTEM_ENVIRONMENT: Readonly<Record<string, string>> = {
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  PATH: PROGRAM_PATH,
  LD_LIBRARY_PATH:
    '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
};

/** Starts environments: from a worker that stands by when one fits, else from a fresh process. */
export class Starter {
  readonly #world: World;
  readonly #folder: string;
  readonly #sandbox: Sandbox;
  readonly languages: Languages;
  readonly engine: ContainerEngine;
  readonly #sdk: SdkModules | undefined;
  readonly #groups: ControlGroups | undefined;
  readonly #names: Names | undefined;
  readonly #bootstraps: string;
  readonly #trees = new Trees();
  readonly #standbys: Standbys;
  readonly #living = new Living();
  #addresses: number;

  constructor(options: StarterOptions) {
    this.#world = options.world;
    // Another server of this machine begins somewhere else.
    this.#addresses = options.world.random.below(65_025);
    this.#folder = options.folder;
    this.#sandbox = options.sandbox;
    this.#bootstraps = bootstrapFolder();
    this.#sdk = options.sdk;
    this.#groups = options.groups;
    this.#names = options.sandbox.sandboxed ? options.names : undefined;
    this.engine = new ContainerEngine(options.world);
    this.languages = new Languages(
      {
        sandboxed: options.sandbox.sandboxed,
        bootstraps: this.#bootstraps,
        sdk: options.sdk,
        folder: options.folder,
        authorityFile: this.#names?.authorityFile,
        installed: options.installed,
      },
      variable('PATH'),
    );
    this.#standbys = new Standbys(options.world.timers, (profile) =>
      this.#living.follow(this.#standBy(profile)),
    );
  }

  /** Starts nothing more; resolves when all that it has started has gone. */
  close(): Promise<void> {
    this.#standbys.close();
    return this.#living.gone(this.#world.timers);
  }

  /** An environment that is starting. Rejects when the role gives no credentials or the language is not here. */
  start(
    spec: EnvironmentSpec,
    initialization: Initialization,
    onChange: (environment: Environment, was: EnvironmentState) => void,
  ): Promise<Environment> {
    return this.#living.follow(this.#start(spec, initialization, onChange));
  }

  async #start(
    spec: EnvironmentSpec,
    initialization: Initialization,
    onChange: (environment: Environment, was: EnvironmentState) => void,
  ): Promise<Environment> {
    const wantedAt = this.#world.clock.monotonic();
    if (spec.image !== undefined)
      return this.#startImage(spec, spec.image, { wantedAt, initialization, onChange });
    const language = await this.languages.of(spec.runtime);
    if (language === undefined) throw new Error(lackOf(spec.runtime));
    const [credentials, code, ...layers] = await Promise.all([
      spec.credentials(),
      this.#trees.get(spec.codeFolder),
      ...spec.layerFolders.map((folder) => this.#trees.get(folder)),
    ]);
    const id = Buffer.from(this.#world.random.bytes(16)).toString('hex');
    const claims = !language.isOwnProgram(spec.handler);
    const { sandboxed } = this.#sandbox;
    const environment = withCredentials(spec.environment(id, initialization), credentials);
    const extensions = externalExtensions(layers);
    const address = sandboxed && extensions.length > 0 ? this.#newAddress() : USUAL_ADDRESS;
    const startOnly = Object.keys(environment).some((name) => START_ONLY.test(name));
    let worker: Worker | undefined;
    if (
      claims &&
      !startOnly &&
      extensions.length === 0 &&
      (sandboxed ? isStageable([code, ...layers]) : layers.length === 0)
    ) {
      worker = this.#standbys.take(this.#keyOf(spec));
      if (worker !== undefined && sandboxed) {
        try {
          for (const layer of layers) stage(layer, join(worker.folder, 'opt'));
          stage(code, join(worker.folder, 'task'));
        } catch {
          // Two layers hold one file, or code and workers are on different file systems: a fresh worker binds folders.
          worker.kill();
          worker = undefined;
        }
      }
    }
    if (!sandboxed && language.family === 'node') await linkAbove(spec.codeFolder, this.#sdk);
    worker ??= await this.#spawn(language, spec, {
      codeFolder: spec.codeFolder,
      layerFolder: await this.#layerFolder(id, spec.layerFolders),
      layerFolders: spec.layerFolders,
      environment,
      extensions,
      handler: spec.handler,
      address,
      id,
    });
    this.prepare(spec);
    return new Environment({
      id,
      world: this.#world,
      worker,
      spec,
      credentials,
      wantedAt,
      initialization,
      codeFolder: sandboxed ? '/var/task' : spec.codeFolder,
      claims,
      environment,
      extensions,
      address,
      onChange,
    });
  }

  /** Of images only their own program runs; extensions that they hold do not. */
  async #startImage(
    spec: EnvironmentSpec,
    image: ImageSpec,
    start: Pick<EnvironmentOptions, 'wantedAt' | 'initialization' | 'onChange'>,
  ): Promise<Environment> {
    const lack = await this.engine.lack();
    if (lack !== undefined) throw new Error(lack);
    const credentials = await spec.credentials();
    const id = Buffer.from(this.#world.random.bytes(16)).toString('hex');
    const environment = withCredentials(spec.environment(id, start.initialization), credentials);
    const folder = join(this.#folder, id);
    await mkdir(folder, { recursive: true });
    const container = this.engine.container({
      id,
      image,
      memoryMb: spec.memoryMb,
      tmpMb: spec.ephemeralStorageMb,
      environment: { TZ: ':UTC', ...trustOf(this.#names), ...environment },
      views: viewsOf(this.#names),
    });
    const worker = await Worker.start({
      world: this.#world,
      command: container.command,
      environment: container.environment,
      workingFolder: folder,
      folder,
      sandboxed: true,
      accompanied: false,
      overTcp: true,
      container,
    });
    return new Environment({
      id,
      world: this.#world,
      worker,
      spec,
      credentials,
      ...start,
      codeFolder: '/var/task',
      claims: false,
      environment,
      extensions: [],
      address: USUAL_ADDRESS,
    });
  }

  /** The folder shown at /opt: the layer itself when there is one, else their union. Undefined when there is none. */
  async #layerFolder(id: string, layers: readonly string[]): Promise<string | undefined> {
    if (layers.length <= 1) return layers[0];
    const target = join(this.#folder, id, 'layers');
    await merge(await Promise.all(layers.map((folder) => this.#trees.get(folder))), target);
    return target;
  }

  /** All of 127.0.0.0/8 is this machine; environments that share it listen apart from each other. */
  #newAddress(): string {
    this.#addresses = (this.#addresses + 1) % 65_025;
    return `127.78.${Math.floor(this.#addresses / 255)}.${1 + (this.#addresses % 255)}`;
  }

  prepare(profile: WorkerProfile): void {
    if (STAND_BY.has(familyOf(profile.runtime))) this.#standbys.prepare(this.#keyOf(profile), profile);
  }

  /** A worker that stands by knows the name of its runtime already, and runs on what was here when it began. */
  #keyOf({ runtime, memoryMb, ephemeralStorageMb }: WorkerProfile): string {
    return `${runtime}:${this.languages.kindOf(runtime)}:${memoryMb}:${ephemeralStorageMb}`;
  }

  async #standBy(profile: WorkerProfile): Promise<Worker | undefined> {
    const language = await this.languages.of(profile.runtime);
    if (language === undefined) return undefined;
    const id = Buffer.from(this.#world.random.bytes(16)).toString('hex');
    return this.#spawn(language, profile, {
      id,
      layerFolders: [],
      environment: {},
      extensions: [],
      handler: '',
      address: USUAL_ADDRESS,
    });
  }

  async #spawn(
    language: Language,
    profile: WorkerProfile,
    content: {
      readonly id: string;
      readonly codeFolder?: string;
      readonly layerFolder?: string | undefined;
      readonly layerFolders: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
      readonly extensions: readonly string[];
      readonly handler: string;
      readonly address: string;
    },
  ): Promise<Worker> {
    const { sandboxed } = this.#sandbox;
    const folder = join(this.#folder, content.id);
    await Promise.all(['task', 'opt', 'tmp'].map((name) => mkdir(join(folder, name), { recursive: true })));
    const codeFolder = content.codeFolder ?? join(folder, 'task');
    const layerFolder = content.layerFolder ?? join(folder, 'opt');
    let command = language.command(profile, {
      folders: [codeFolder, ...content.layerFolders],
      handler: content.handler,
    });
    const own = language.environment(profile);
    const wrapper = content.environment['AWS_LAMBDA_EXEC_WRAPPER'];
    if (wrapper !== undefined) command = { file: wrapper, args: [command.file, ...command.args] };
    if (content.extensions.length > 0) {
      const paths = content.extensions.map((name) =>
        sandboxed ? `/opt/extensions/${name}` : placeOf(name, content.layerFolders),
      );
      command = {
        file: '/bin/sh',
        args: ['-c', LAUNCHER, 'sh', ...paths, '--', command.file, ...command.args],
      };
    }
    return Worker.start({
      world: this.#world,
      command: this.#sandbox.wrap(command, {
        codeFolder,
        layerFolder,
        tmpMb: profile.ephemeralStorageMb,
        views: [
          { from: this.#bootstraps, to: '/var/runtime' },
          // Libraries ask for the user's home folder: it must have a name, if no content.
          ...['passwd', 'group'].map((name) => ({
            from: join(this.#bootstraps, 'etc', name),
            to: `/etc/${name}`,
          })),
          ...viewsOf(this.#names),
          ...(content.extensions.length > 0
            ? [{ from: await hostsFile(folder, content.address), to: '/etc/hosts' }]
            : []),
          ...language.views,
        ],
      }),
      environment: {
        ...SYSTEM_ENVIRONMENT,
        ...trustOf(this.#names),
        ...own,
        ...(sandboxed ? {} : plainEnvironment(language, profile.runtime, own, folder, content.layerFolders)),
        ...content.environment,
      },
      workingFolder: sandboxed ? folder : codeFolder,
      folder,
      sandboxed,
      accompanied: content.extensions.length > 0,
      group: this.#groups?.make({
        memoryMb: profile.memoryMb,
        tmpMb: sandboxed ? profile.ephemeralStorageMb : 0,
      }),
      // Extensions, and wrapper scripts that work as one, find the API by its address.
      overTcp:
        language.isOwnProgram(content.handler) || content.extensions.length > 0 || wrapper !== undefined,
    });
  }
}
