import type { RuntimeHere } from '../service/runtimes.ts';
import { dotnetLanguage } from './dotnet-language.ts';
import { javaLanguage } from './java-language.ts';
import {
  familyOf,
  type Language,
  type LanguageOptions,
  lackOf,
  nameOf,
  providedLanguage,
  standIn,
  versionOf,
} from './languages.ts';
import { exactNode, nodeLanguage } from './node-language.ts';
import { exactPython, pythonLanguage } from './python-language.ts';
import { rubyLanguage } from './ruby-language.ts';

/** The names AWS makes functions with. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html */
const RUNTIMES = [
  ...['nodejs18.x', 'nodejs20.x', 'nodejs22.x', 'nodejs24.x'],
  ...['python3.9', 'python3.10', 'python3.11', 'python3.12', 'python3.13', 'python3.14'],
  ...['java8.al2', 'java11', 'java17', 'java21', 'java25'],
  ...['ruby3.2', 'ruby3.3', 'ruby3.4', 'ruby4.0'],
  ...['dotnet6', 'dotnet8', 'dotnet10'],
  ...['provided.al2', 'provided.al2023'],
];

/** The languages of this machine. Each is looked for when somebody first wants it: asking takes as long as a cold start. */
export class Languages {
  readonly #options: LanguageOptions;
  readonly #path: readonly string[];
  readonly #pythons = new Map<string, string | undefined>();
  readonly #finds = new Map<string, Promise<Language | undefined>>();
  /** By kind; `undefined` when it has been looked for and is not there. */
  readonly #known = new Map<string, Language | undefined>();

  /** `path`: the folders programs are looked for in. */
  constructor(options: LanguageOptions, path: string | undefined) {
    this.#options = options;
    this.#path = (path ?? '').split(':').filter((folder) => folder !== '');
  }

  /** Runtimes of one kind run on one and the same program here. */
  kindOf(runtime: string): string {
    const family = familyOf(runtime) ?? 'none';
    const version = versionOf(runtime);
    if (family === 'node') {
      return exactNode(this.#options.installed, version) === undefined ? family : `node${version}`;
    }
    if (family === 'python') {
      return this.#python(runtime) === undefined ? family : runtime;
    }
    return family === 'java' || family === 'dotnet' ? runtime : family;
  }

  /** Looked for once: only Node.js is installed while we run. */
  #python(runtime: string): string | undefined {
    if (!this.#pythons.has(runtime)) {
      this.#pythons.set(runtime, exactPython(versionOf(runtime) ?? '', this.#path));
    }
    return this.#pythons.get(runtime);
  }

  of(runtime: string): Promise<Language | undefined> {
    const kind = this.kindOf(runtime);
    let find = this.#finds.get(kind);
    if (find === undefined) {
      find = this.#find(runtime).then((language) => {
        this.#known.set(kind, language);
        return language;
      });
      this.#finds.set(kind, find);
    }
    return find;
  }

  async #find(runtime: string): Promise<Language | undefined> {
    const options = this.#options;
    const version = versionOf(runtime);
    switch (familyOf(runtime)) {
      case 'node':
        return nodeLanguage(options, version, exactNode(options.installed, version));
      case 'python':
        return pythonLanguage(options, this.#python(runtime));
      case 'java':
        return javaLanguage(options, version);
      case 'ruby':
        return rubyLanguage(options);
      case 'dotnet':
        return dotnetLanguage(options, runtime);
      case 'provided':
        return providedLanguage(options.sandboxed);
      default:
        return undefined;
    }
  }

  /** Undefined when `runtime` can run here, or nobody has looked yet. */
  missing(runtime: string): string | undefined {
    if (familyOf(runtime) === undefined) return lackOf(runtime);
    const kind = this.kindOf(runtime);
    return this.#known.has(kind) && this.#known.get(kind) === undefined ? lackOf(runtime) : undefined;
  }

  standIn(runtime: string): string | undefined {
    const language = this.#known.get(this.kindOf(runtime));
    return language && standIn(runtime, language);
  }

  runsOn(runtime: string): string | undefined {
    return this.#known.get(this.kindOf(runtime))?.version;
  }

  /** Looks for all of them. */
  list(): Promise<RuntimeHere[]> {
    return Promise.all(
      RUNTIMES.map(async (runtime) => {
        const language = await this.of(runtime);
        if (language === undefined) return { runtime, runsOn: undefined, note: lackOf(runtime) };
        return { runtime, runsOn: nameOf(language), note: standIn(runtime, language) };
      }),
    );
  }
}
