// Builds what runs: types from the models, JavaScript in dist/ (for tests), the command and the testing entry in one file
// each (a start reads one file instead of hundreds), and the browser library the example's page uses.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const folderOf = (name) => dirname(require.resolve(`${name}/package.json`));
await import('./generate-types.mjs');
execFileSync(process.execPath, [join(folderOf('typescript'), 'bin/tsc'), '-p', root], { stdio: 'inherit' });

await build({
  absWorkingDir: root,
  entryPoints: { lambent: 'dist/src/main.js', testing: 'dist/src/testing/index.js' },
  outdir: 'dist',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Native code, and what functions load by themselves.
  external: ['lmdb', '@aws-sdk/*', '@smithy/*'],
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

const library = 'amazon-cognito-identity.min.js';
const vendor = join(root, 'examples/rides/site/public/vendor');
mkdirSync(vendor, { recursive: true });
copyFileSync(join(folderOf('amazon-cognito-identity-js'), 'dist', library), join(vendor, library));
