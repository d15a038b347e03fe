import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../world/environment.ts';
import { type Language, type LanguageOptions, outermost } from './languages.ts';

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

function factsOf(program: string): Promise<PythonFacts | undefined> {
  return new Promise((resolve) => {
    execFile(program, ['-c', PYTHON_FACTS], { timeout: 10_000 }, (error, stdout) => {
      resolve(error === null ? (JSON.parse(stdout) as PythonFacts) : undefined);
    });
  });
}

/** Where pyenv keeps an interpreter of this version, should there be one that the PATH does not lead to. */
function keptByPyenv(version: string): string | undefined {
  const versions = join(environment('PYENV_ROOT') ?? join(homedir(), '.pyenv'), 'versions');
  try {
    const name = readdirSync(versions).findLast((one) => one.startsWith(`${version}.`));
    return name === undefined ? undefined : join(versions, name, 'bin/python3');
  } catch {
    return undefined;
  }
}

/** The program `python3.12`, should this machine have one somewhere. */
export function exactPython(version: string, path: readonly string[]): string | undefined {
  const kept = keptByPyenv(version);
  // What pyenv has on the PATH starts nothing unless it is the chosen version.
  if (kept !== undefined) return kept;
  const folder = path.find((one) => existsSync(join(one, `python${version}`)));
  return folder === undefined ? undefined : join(folder, `python${version}`);
}

/** Asks an interpreter about itself, else the `python3` on the PATH; undefined when there is none. */
export async function pythonLanguage(
  options: LanguageOptions,
  exact: string | undefined,
): Promise<Language | undefined> {
  const { sandboxed, bootstraps } = options;
  let facts = exact === undefined ? undefined : await factsOf(exact);
  if (facts?.sdk === undefined || facts.sdk === null) {
    const usual = await factsOf('python3');
    // The SDK is Python alone: what one version was given serves another.
    facts = facts === undefined ? usual : { ...facts, sdk: usual?.sdk ?? null };
  }
  if (facts === undefined) return undefined;
  const shown = [...facts.prefixes, ...(facts.sdk === null ? [] : [facts.sdk])].filter(
    (path) => !path.startsWith('/usr'),
  );
  const variables = {
    PYTHONDONTWRITEBYTECODE: '1',
    ...(facts.sdk === null ? {} : { LAMBENT_PYTHON_SDK: facts.sdk }),
  };
  return {
    family: 'python',
    version: facts.version,
    views: sandboxed ? outermost(shown).map((path) => ({ from: path, to: path })) : [],
    environment: () => variables,
    isOwnProgram: () => false,
    command: () => ({
      file: facts.executable,
      args: ['-s', sandboxed ? '/var/runtime/python.py' : join(bootstraps, 'python.py')],
    }),
  };
}
