// Builds what runs: types from the models, then JavaScript in dist/.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
await import('./generate-types.mjs');
execFileSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit' });
