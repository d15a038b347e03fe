import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WorkerProfile } from '../service/runtimes.ts';
import type { CommandLine, View } from './sandbox.ts';
import { linkSdkModules, type SdkModules, sdkViews } from './sdk-modules.ts';

export type Family = 'node' | 'python' | 'java' | 'ruby' | 'provided';

/** How to start one family of runtimes on this machine. */
export interface Language {
  readonly family: Family;
  /** As names of runtimes spell it: `20`, `3.12`. Undefined where programs are the user's own. */
  readonly version: string | undefined;
  /** Read-only views the sandbox needs besides code, layers and bootstraps. */
  readonly views: readonly View[];
  /** The worker's command; `folders` hold its code and its layers, the code first. */
  command(profile: WorkerProfile, folders: readonly string[]): CommandLine;
  readonly environment: Readonly<Record<string, string>>;
}

/** `nodejs22.x` → node. */
export function familyOf(runtime: string): Family | undefined {
  if (runtime.startsWith('nodejs')) return 'node';
  if (runtime.startsWith('python3')) return 'python';
  if (runtime.startsWith('java')) return 'java';
  if (runtime.startsWith('ruby')) return 'ruby';
  // Go's own runtime was the custom one before that had a name.
  if (runtime === 'go1.x') return 'provided';
  if (runtime.startsWith('provided')) return 'provided';
  return undefined;
}

/** What to say when a runtime cannot run here, and how it could. */
export function lackOf(runtime: string): string {
  const family = familyOf(runtime);
  if (family === 'python') {
    return `${runtime} needs a python3 on the PATH, and there is none. To install it: sudo apt install python3, or brew install python`;
  }
  if (family === 'java') {
    return `${runtime} needs a JDK of 11 or later on the PATH, and there is none. To install it: sudo apt install default-jdk-headless, or brew install openjdk`;
  }
  if (family === 'ruby') {
    return `${runtime} needs a ruby on the PATH, and there is none. To install it: sudo apt install ruby, or brew install ruby`;
  }
  if (runtime.startsWith('dotnet')) {
    return `${runtime} cannot run here: publish the function as a program of its own (dotnet publish --self-contained, with Amazon.Lambda.RuntimeSupport and AssemblyName bootstrap) and give it the runtime provided.al2023`;
  }
  if (runtime === 'python2.7') return 'python2.7 cannot run here: move the function to python3.9 or later';
  return `the runtime ${runtime} cannot run here`;
}

/** `python3.12` → `3.12`, `nodejs22.x` → `22`, `java8.al2` → `8`. */
function versionOf(runtime: string): string | undefined {
  return /^[a-z]+(\d+(?:\.\d+)?)/.exec(runtime)?.[1];
}

/** What to tell a user whose runtime another version of its language stands in for; undefined when it is the same. */
export function standIn(runtime: string, { family, version }: Language): string | undefined {
  if (version === undefined || versionOf(runtime) === version) return undefined;
  return `${runtime} runs on ${NAMES[family]} ${version}, which is what this machine has`;
}

const NAMES: Readonly<Record<Family, string>> = {
  node: 'Node.js',
  python: 'Python',
  java: 'Java',
  ruby: 'Ruby',
  provided: 'its own program',
};

/** Of folders, those that lie in none of the others: a view of a folder shows what is below it. */
export function outermost(folders: readonly string[]): string[] {
  return folders.filter(
    (path, index) =>
      folders.indexOf(path) === index &&
      !folders.some((other) => other !== path && path.startsWith(`${other}/`)),
  );
}

export interface LanguageOptions {
  readonly sandboxed: boolean;
  readonly bootstraps: string;
  readonly sdk: SdkModules | undefined;
  /** The authority that vouches for AWS's names in sandboxes, in PEM. */
  readonly authorityFile: string | undefined;
  /** Where links may be put for processes without a sandbox. */
  readonly folder: string;
}

export async function nodeLanguage(options: LanguageOptions): Promise<Language> {
  const { sandboxed, bootstraps, sdk, folder, authorityFile } = options;
  const insideUsr = process.execPath.startsWith('/usr/');
  const file = !sandboxed || insideUsr ? process.execPath : '/var/lang/bin/node';
  const views: View[] = insideUsr ? [] : [{ from: process.execPath, to: file }];
  if (sandboxed && sdk !== undefined) views.push(...sdkViews(sdk));
  const shared = sandboxed || sdk === undefined ? '/node_modules' : await linkSdkModules(sdk, folder);
  return {
    family: 'node',
    version: process.versions.node.split('.')[0],
    views: sandboxed ? views : [],
    environment: {
      NODE_PATH: ['/opt/nodejs/node_modules', shared].join(':'),
    },
    command: ({ memoryMb }) => ({
      file,
      args: [
        // As AWS sets them: a tenth is left for what is not heap, and V8's own guess at the young generation, made from
        // the old one, would have it collect ten times as often.
        `--max-old-space-size=${Math.max(64, Math.floor(memoryMb * 0.9))}`,
        `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
        // Whom SSL_CERT_FILE names, read with the first TLS connection.
        ...(authorityFile === undefined ? [] : ['--use-openssl-ca']),
        sandboxed ? '/var/runtime/node.cjs' : join(bootstraps, 'node.cjs'),
      ],
    }),
  };
}

interface PythonFacts {
  readonly executable: string;
  readonly version: string;
  readonly prefixes: readonly string[];
  readonly sdk: string | null;
}

const PYTHON_FACTS = `
import importlib.util, json, os, sys
spec = importlib.util.find_spec('boto3')
print(json.dumps({
  'executable': sys.executable,
  'version': '%d.%d' % sys.version_info[:2],
  'prefixes': sorted({sys.prefix, sys.base_prefix}),
  'sdk': os.path.dirname(os.path.dirname(spec.origin)) if spec and spec.origin else None,
}))`;

/** Asks the `python3` on the PATH about itself; undefined when there is none. */
export async function pythonLanguage(options: LanguageOptions): Promise<Language | undefined> {
  const { sandboxed, bootstraps } = options;
  const facts = await new Promise<PythonFacts | undefined>((resolve) => {
    execFile('python3', ['-c', PYTHON_FACTS], { timeout: 10_000 }, (error, stdout) => {
      resolve(error === null ? (JSON.parse(stdout) as PythonFacts) : undefined);
    });
  });
  if (facts === undefined) return undefined;
  const shown = [...facts.prefixes, ...(facts.sdk === null ? [] : [facts.sdk])].filter(
    (path) => !path.startsWith('/usr'),
  );
  return {
    family: 'python',
    version: facts.version,
    views: sandboxed ? outermost(shown).map((path) => ({ from: path, to: path })) : [],
    environment: {
      PYTHONDONTWRITEBYTECODE: '1',
      ...(facts.sdk === null ? {} : { LAMBENT_PYTHON_SDK: facts.sdk }),
    },
    command: () => ({
      file: facts.executable,
      args: ['-s', sandboxed ? '/var/runtime/python.py' : join(bootstraps, 'python.py')],
    }),
  };
}

/** A program of the user's that speaks the Runtime API over HTTP: `bootstrap` in the code, else in a layer. */
export function providedLanguage(sandboxed: boolean): Language {
  return {
    family: 'provided',
    version: undefined,
    views: [],
    environment: {},
    command: (_profile, folders) => {
      const at = folders.findIndex((folder) => existsSync(join(folder, 'bootstrap')));
      if (!sandboxed) return { file: join(folders[Math.max(at, 0)] ?? '/', 'bootstrap'), args: [] };
      return { file: at > 0 ? '/opt/bootstrap' : '/var/task/bootstrap', args: [] };
    },
  };
}

/** Where a plain process finds the SDK by `import`: Node climbs from the code to a `node_modules` above it. */
export async function linkAbove(codeFolder: string, sdk: SdkModules | undefined): Promise<void> {
  if (sdk !== undefined) await linkSdkModules(sdk, dirname(codeFolder));
}
