// Builds what runs: types from the models, then JavaScript in dist/, and the browser library the example's page uses.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));
await import('./generate-types.mjs');
execFileSync(process.execPath, [join(folderOf('typescript'), 'bin/tsc'), '-p', root], { stdio: 'inherit' });

const library = 'amazon-cognito-identity.min.js';
const vendor = join(root, 'examples/rides/site/public/vendor');
mkdirSync(vendor, { recursive: true });
copyFileSync(join(folderOf('amazon-cognito-identity-js'), 'dist', library), join(vendor, library));
