// `npm run bench`: every figure as a ratio against a bare `node:http` server under the same load in the same run.
// Writes bench/RESULTS.md. Wants a quiet machine.
import {
  closeSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder } from '../src/base/package-folder.ts';
import { type Started, start, startServer } from '../test/support/process.ts';
import { benchApi } from './api.ts';
import { benchDynamodb } from './dynamodb.ts';
import { benchGrowth, FULL_SIZE } from './growth.ts';
import { benchIdentity } from './identity.ts';
import { benchInvoke } from './invoke.ts';
import { benchDynamodbLocal, benchPeers } from './peers.ts';
import { benchQueues } from './queues.ts';
import { type Line, table } from './report.ts';
import { benchServerlessOffline } from './serverless-offline.ts';
import { assumeBenchRole, fillTable } from './setup.ts';
import { benchStart } from './start.ts';

/** What a run of `growth` alone writes, and all others leave as it is. */
const GROWTH = `## Growth

Written by \`node dist/bench/run.js growth\`, which fills tables for minutes and so runs when it is asked for.

`;

const script = (name: string) => join(packageFolder(), 'dist/bench', name);

function fsyncMs(folder: string): number {
  const fd = openSync(join(folder, 'fsync'), 'w');
  const block = Buffer.alloc(4096, 1);
  const took: number[] = [];
  for (let i = 0; i < 200; i++) {
    const began = performance.now();
    writeSync(fd, block);
    fdatasyncSync(fd);
    took.push(performance.now() - began);
  }
  closeSync(fd);
  return took.sort((a, b) => a - b)[100] ?? 0;
}

const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
/** `--items=N` makes the largest table of the growth section smaller, and the one it deletes a tenth of it. */
const items = Number(/^--items=(\d+)$/m.exec(process.argv.join('\n'))?.[1] ?? FULL_SIZE.large);
const wanted = (name: string) => only.length === 0 || only.includes(name);
const folder = mkdtempSync(join(tmpdir(), 'lambent-bench-'));
const lines: Line[] = [];
const notes: string[] = [];
let bare: Started | undefined;
let server: Started | undefined;
try {
  bare = await start(script('bare.js'), [], /ready (\d+)/);
  notes.push(`one fdatasync of 4 KiB: ${fsyncMs(folder).toFixed(2)} ms (median of 200)`);
  server = await startServer(['--data', join(folder, 'data'), '--quiet']);
  const credentials = await assumeBenchRole(server.port);
  if (wanted('identity')) lines.push(...(await benchIdentity(bare.port, folder)));
  if (wanted('dynamodb')) lines.push(...(await benchDynamodb(bare.port, server.port, credentials)));
  if (!wanted('dynamodb') && ['peers', 'local', 'api'].some(wanted)) await fillTable(server.port, 20_000);
  if (wanted('peers')) lines.push(...(await benchPeers(server.port, credentials, folder)));
  if (wanted('local')) {
    const local = await benchDynamodbLocal(server.port, credentials);
    if (typeof local === 'string') notes.push(`DynamoDB Local is not compared: ${local}`);
    else lines.push(...local);
  }
  if (wanted('invoke')) lines.push(...(await benchInvoke(bare.port, server, credentials)));
  if (wanted('queues')) lines.push(...(await benchQueues(server.port, credentials, notes)));
  if (wanted('api')) lines.push(...(await benchApi(server.port, credentials)));
  if (wanted('offline')) lines.push(...(await benchServerlessOffline(server.port, notes)));
  await server.stop();
  server = undefined;
  // Filling its tables takes minutes: it runs when it is asked for.
  if (only.includes('growth'))
    lines.push(...(await benchGrowth(folder, { large: items, doomed: items / 10 })));
  if (wanted('start')) lines.push(...(await benchStart(join(folder, 'rides'))));
} finally {
  await server?.stop();
  await bare?.stop();
  rmSync(folder, { recursive: true, force: true });
}
const text = [
  '# Benchmark results',
  '',
  'Written by `npm run bench`. A ratio is against the reference of its line, measured in the same run under the same load;',
  'DynamoDB and Lambda calls are signed by a role with three policy statements, validated, authorised and durable.',
  '',
  `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}; ${notes.join('; ')}.`,
  '',
  table(lines),
  '',
].join('\n');
process.stdout.write(`${text}\n`);
const kept = join(packageFolder(), 'bench/RESULTS.md');
const [usual = '', growth = ''] = readFileSync(kept, 'utf8').split(`\n${GROWTH}`);
if (only.length === 0) writeFileSync(kept, `${text}\n${GROWTH}${growth}`);
else if (only.join() === 'growth' && items === FULL_SIZE.large)
  writeFileSync(kept, `${usual}\n${GROWTH}${table(lines)}\n`);
