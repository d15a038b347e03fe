#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/lambent.js', import.meta.url);
// A clone that was linked before it was built builds itself once.
if (!existsSync(fileURLToPath(main))) await import('../scripts/build.mjs');
await import(main.href);
