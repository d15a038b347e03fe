import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerProfile } from '../service/runtimes.ts';
import type { CommandLine, View } from './sandbox.ts';
import type { SdkModules } from './sdk-modules.ts';

export type Family = 'node' | 'python' | 'java' | 'ruby' | 'dotnet' | 'provided';

/** The function a process is started for; of one that only stands by, the folders are its own and still empty. */
export interface Program {
  /** Its code and its layers, the code first. */
  readonly folders: readonly string[];
  readonly handler: string;
}

/** How to start one runtime on this machine. */
export interface Language {
  readonly family: Family;
  /** As names of runtimes spell it: `20`, `3.12`. Undefined where programs are the user's own. */
  readonly version: string | undefined;
  /** Read-only views the sandbox needs besides code, layers and bootstraps. */
  readonly views: readonly View[];
  /** The worker's command. */
  command(profile: WorkerProfile, program: Program): CommandLine;
  environment(profile: WorkerProfile): Readonly<Record<string, string>>;
  /** Whether the function is a program that speaks the Runtime API itself, and so over HTTP. */
  isOwnProgram(handler: string): boolean;
}

/** `nodejs22.x` → node. */
export function familyOf(runtime: string): Family | undefined {
  if (runtime.startsWith('nodejs')) return 'node';
  if (runtime.startsWith('python3')) return 'python';
  if (runtime.startsWith('java')) return 'java';
  if (runtime.startsWith('ruby')) return 'ruby';
  if (runtime.startsWith('dotnet')) return 'dotnet';
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
  if (family === 'dotnet') {
    return `${runtime} needs the .NET SDK: a dotnet of version 6 or later on the PATH, and there is none. To install it: sudo apt install dotnet-sdk-8.0, or brew install dotnet. Without it, publish the function as a program of its own (dotnet publish --self-contained, with Amazon.Lambda.RuntimeSupport and AssemblyName bootstrap) and give it the runtime provided.al2023`;
  }
  if (runtime === 'python2.7') return 'python2.7 cannot run here: move the function to python3.9 or later';
  return `the runtime ${runtime} cannot run here`;
}

/** `python3.12` → `3.12`, `nodejs22.x` → `22`, `java8.al2` → `8`. */
export function versionOf(runtime: string): string | undefined {
  return /^[a-z]+(\d+(?:\.\d+)?)/.exec(runtime)?.[1];
}

/** What to tell a user whose runtime another version of its language stands in for; undefined when it is the same. */
export function standIn(runtime: string, language: Language): string | undefined {
  const { family, version } = language;
  if (version === undefined || versionOf(runtime) === version) return undefined;
  const exact =
    family === 'node' ? `; for the exact one: lambent runtimes install nodejs${versionOf(runtime)}.x` : '';
  return `${runtime} runs on ${nameOf(language)}, which is what this machine has${exact}`;
}

const NAMES: Readonly<Record<Family, string>> = {
  node: 'Node.js',
  python: 'Python',
  java: 'Java',
  ruby: 'Ruby',
  dotnet: '.NET',
  provided: 'its own program',
};

/** `Python 3.12` */
export function nameOf({ family, version }: Language): string {
  return version === undefined ? NAMES[family] : `${NAMES[family]} ${version}`;
}

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
  /** Where `lambent runtimes install` puts what it fetches; it need not exist. */
  readonly installed: string | undefined;
}

/** A program of the user's that speaks the Runtime API over HTTP: `bootstrap` in the code, else in a layer. */
export function providedLanguage(sandboxed: boolean): Language {
  return {
    family: 'provided',
    version: undefined,
    views: [],
    environment: () => ({}),
    isOwnProgram: () => true,
    command: (_profile, { folders }) => {
      const at = folders.findIndex((folder) => existsSync(join(folder, 'bootstrap')));
      if (!sandboxed) return { file: join(folders[Math.max(at, 0)] ?? '/', 'bootstrap'), args: [] };
      return { file: at > 0 ? '/opt/bootstrap' : '/var/task/bootstrap', args: [] };
    },
  };
}
