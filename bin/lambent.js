#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/lambent.js', import.meta.url);
// A clone that was linked before it was built builds itself once.
if (!existsSync(fileURLToPath(main))) await import('../scripts/build.mjs');
// From Node 22 on, what was compiled once is kept for the next start.
module.enableCompileCache?.();
await import(main.href);
