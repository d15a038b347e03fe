import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Language, type LanguageOptions, outermost } from './languages.ts';

interface RubyFacts {
  readonly executable: string;
  readonly version: string;
  readonly folders: readonly string[];
}

/** The user's own gems are left out: they lie in the home folder, which functions do not see. */
const RUBY_FACTS = `
require 'json'
puts JSON.generate(
  executable: RbConfig.ruby,
  version: RUBY_VERSION[/\\A\\d+\\.\\d+/],
  folders: [RbConfig::CONFIG['prefix'], *(Gem.path - [Gem.user_dir])],
)`;

/** Asks the `ruby` on the PATH about itself; undefined when there is none. */
export async function rubyLanguage(options: LanguageOptions): Promise<Language | undefined> {
  const { sandboxed, bootstraps } = options;
  const facts = await new Promise<RubyFacts | undefined>((resolve) => {
    execFile('ruby', ['-e', RUBY_FACTS], { timeout: 10_000 }, (error, stdout) => {
      resolve(error === null ? (JSON.parse(stdout) as RubyFacts) : undefined);
    });
  });
  if (facts === undefined) return undefined;
  const shown = outermost(facts.folders.filter((path) => !path.startsWith('/usr') && existsSync(path)));
  return {
    family: 'ruby',
    version: facts.version,
    views: sandboxed ? shown.map((path) => ({ from: path, to: path })) : [],
    environment: () => ({}),
    isOwnProgram: () => false,
    command: () => ({
      file: facts.executable,
      args: [sandboxed ? '/var/runtime/ruby.rb' : join(bootstraps, 'ruby.rb')],
    }),
  };
}
