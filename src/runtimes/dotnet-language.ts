import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Language, type LanguageOptions, versionOf } from './languages.ts';
import { madeOnce } from './made-once.ts';
import type { CommandLine } from './sandbox.ts';

const run = promisify(execFile);

interface Framework {
  /** `8.0.11` */
  readonly version: string;
  readonly folder: string;
}

interface DotnetFacts {
  /** What holds the `dotnet` program and its frameworks: it may be shown elsewhere. */
  readonly root: string;
  /** From the oldest on. */
  readonly frameworks: readonly Framework[];
  /** Of the newest SDK. */
  readonly compiler: string;
}

const numbers = (version: string) => version.split(/[.-]/).map(Number);

function older(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < 3; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `8.0.11 [/usr/share/dotnet/sdk]`, perhaps after a name: a version and where its folder stands. */
function listed(text: string, pattern: RegExp): Framework[] {
  return [...text.matchAll(pattern)]
    .map(([, version = '', folder = '']) => ({ version, folder: join(folder, version) }))
    .sort((a, b) => older(a.version, b.version));
}

/** Asks the `dotnet` on the PATH about itself; undefined when there is none, or no SDK with it. */
async function dotnetFacts(): Promise<DotnetFacts | undefined> {
  try {
    const timeout = { timeout: 20_000 };
    const [runtimes, sdks] = await Promise.all([
      run('dotnet', ['--list-runtimes'], timeout),
      run('dotnet', ['--list-sdks'], timeout),
    ]);
    const frameworks = listed(runtimes.stdout, /^Microsoft\.NETCore\.App (\S+) \[(.*)\]$/gm);
    const compiler = listed(sdks.stdout, /^(\S+) \[(.*)\]$/gm)
      .map(({ folder }) => join(folder, 'Roslyn/bincore/csc.dll'))
      .findLast((path) => existsSync(path));
    const [oldest] = frameworks;
    if (oldest === undefined || compiler === undefined) return undefined;
    return { root: await realpath(join(oldest.folder, '../../..')), frameworks, compiler };
  } catch {
    return undefined;
  }
}

const CLIENT = 'lambent.dll';

/** Our runtime client, compiled once, into a folder named by its sources and the oldest framework that is to run it. */
async function compiled(facts: DotnetFacts, sources: string, folder: string): Promise<string> {
  const [oldest] = facts.frameworks;
  const framework = oldest?.folder ?? '';
  const files = (await readdir(sources)).filter((name) => name.endsWith('.cs')).sort();
  const hash = createHash('sha256').update(framework);
  for (const file of files) hash.update(await readFile(join(sources, file)));
  return madeOnce(join(folder, `dotnet-${hash.digest('hex').slice(0, 16)}`), async (unfinished) => {
    await mkdir(unfinished, { recursive: true });
    const libraries = (await readdir(framework)).filter((name) => name.endsWith('.dll'));
    await run('dotnet', [
      'exec',
      facts.compiler,
      '-noconfig',
      '-nostdlib',
      '-optimize',
      '-nowarn:1701,1702',
      `-out:${join(unfinished, CLIENT)}`,
      ...libraries.map((name) => `-r:${join(framework, name)}`),
      ...files.map((file) => join(sources, file)),
    ]);
    const runtimeOptions = { framework: { name: 'Microsoft.NETCore.App', version: oldest?.version } };
    await writeFile(join(unfinished, 'lambent.runtimeconfig.json'), JSON.stringify({ runtimeOptions }));
  });
}

/** The major a function of `runtime` gets: its own, else the nearest later one, as the host itself rolls forward. */
function majorFor(runtime: string, frameworks: readonly Framework[]): string | undefined {
  const majors = frameworks.map(({ version }) => version.split('.')[0] ?? '');
  const wanted = Number(versionOf(runtime)?.split('.')[0]);
  return majors.find((major) => Number(major) >= wanted) ?? majors.at(-1);
}

/** .NET does not start without ICU's libraries, in a version that it knows, unless it is told that there are none. */
function knowsCultures(client: string): Promise<boolean> {
  return run('dotnet', ['exec', join(client, CLIENT), 'cultures']).then(
    () => true,
    () => false,
  );
}

const BROKEN =
  '.NET binaries for Lambda function are not correctly installed in the /var/task directory of the image when the image was built. The /var/task directory is missing';

/** How AWS's own start ends that cannot begin: with a line and a code. */
function ends(line: string, code: number): CommandLine {
  return { file: '/bin/sh', args: ['-c', 'echo "$1" >&2; exit "$2"', 'sh', `Error: ${line}`, String(code)] };
}

/** The package's own file of a kind, else the only one of that kind that it has. */
function packed(folder: string, assembly: string, kind: string): string | undefined {
  const names = readdirSync(folder).filter((name) => name.endsWith(kind));
  return names.find((name) => name === `${assembly}${kind}`) ?? (names.length === 1 ? names[0] : undefined);
}

/**
 * Undefined when there is no .NET SDK: our client is sources, compiled for the frameworks that are here. Functions start
 * as on AWS, with the list of dependencies and the settings that they bring; so no process can stand by for them.
 */
export async function dotnetLanguage(
  options: LanguageOptions,
  runtime: string,
): Promise<Language | undefined> {
  const facts = await dotnetFacts();
  if (facts === undefined) return undefined;
  const { sandboxed, bootstraps } = options;
  const client = await compiled(facts, join(bootstraps, 'dotnet'), dirname(options.folder));
  const shownClient = sandboxed ? '/var/lang/lambent' : client;
  const root = sandboxed ? '/var/lang/dotnet' : facts.root;
  const file = join(root, 'dotnet');
  const cultures = await knowsCultures(client);
  const isOwnProgram = (handler: string) => !handler.includes(':');
  return {
    family: 'dotnet',
    version: majorFor(runtime, facts.frameworks),
    views: sandboxed
      ? [
          { from: facts.root, to: root },
          { from: client, to: shownClient },
        ]
      : [],
    environment: ({ memoryMb }) => ({
      DOTNET_ROOT: root,
      DOTNET_ROLL_FORWARD: 'Major',
      DOTNET_EnableDiagnostics: '0',
      // Hexadecimal. AWS tells .NET how much memory the function has; else it takes the machine's.
      DOTNET_GCHeapHardLimit: (memoryMb * 1024 * 1024).toString(16),
      ...(cultures ? {} : { DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' }),
    }),
    isOwnProgram,
    command: (_profile, { folders, handler }) => {
      const [code = ''] = folders;
      const task = sandboxed ? '/var/task' : code;
      if (isOwnProgram(handler)) {
        const assembly = handler.endsWith('.dll') ? handler : `${handler}.dll`;
        if (existsSync(join(code, assembly))) return { file, args: ['exec', join(task, assembly)] };
        if (existsSync(join(code, handler))) return { file: join(task, handler), args: [] };
        return ends(
          `executable assembly /var/task/${assembly} or binary /var/task/${handler} not found.`,
          104,
        );
      }
      const assembly = handler.slice(0, handler.indexOf(':'));
      const dependencies = packed(code, assembly, '.deps.json');
      if (dependencies === undefined) return ends(`${BROKEN} the required .deps.json file.`, 105);
      const settings = packed(code, assembly, '.runtimeconfig.json');
      if (settings === undefined) return ends(`${BROKEN} the required .runtimeconfig.json file.`, 106);
      return {
        file,
        args: [
          'exec',
          '--depsfile',
          join(task, dependencies),
          '--runtimeconfig',
          join(task, settings),
          join(shownClient, CLIENT),
        ],
      };
    },
  };
}
