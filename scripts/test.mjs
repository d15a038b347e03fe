// `npm test`: build (types included), lint, format, then every test. `--long` runs the long tier whole; arguments that
// are not options select test files by a part of their path.

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));

execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
if (words.length === 0) {
  const biome = join(dirname(require.resolve('@biomejs/biome/package.json')), 'bin/biome');
  execFileSync(process.execPath, [biome, 'check', '--error-on-warnings', '.'], {
    cwd: root,
    stdio: 'inherit',
  });
  execFileSync(process.execPath, [join(root, 'scripts/support-table.mjs'), '--check'], { stdio: 'inherit' });
}

/** Sources name the tests; what a deleted source left in dist/ does not run. */
function* testFiles(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* testFiles(path);
    else if (name.endsWith('.test.ts')) yield relative(root, path);
  }
}
const files = [...testFiles(join(root, 'src')), ...testFiles(join(root, 'test'))]
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .map((file) => join(root, 'dist', file.replace(/\.ts$/, '.js')));
if (files.length === 0) {
  console.error('no test matches');
  process.exit(1);
}
const run = spawnSync(
  process.execPath,
  [
    '--test',
    // Many a test waits for somebody else: one file more than there are processors keeps these busy.
    `--test-concurrency=${availableParallelism() + 1}`,
    `--test-reporter=${options.includes('--spec') ? 'spec' : 'dot'}`,
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    '--test-reporter-destination=dist/tests.tap',
    ...files,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(options.includes('--long') ? { LAMBENT_TEST_TIER: 'long' } : {}) },
  },
);
process.exit(run.status ?? 1);
