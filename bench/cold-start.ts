import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageFolder } from '../src/base/package-folder.ts';
import { plainRequest } from '../test/support/signed.ts';
import { makeFunction } from './invoke.ts';
import type { InvokeRequest } from './invoke-extremes.ts';
import { runLoad } from './load.ts';
import { type Line, mostRatioLine } from './report.ts';

const STARTS = 15;
const ECHO = 'export const handler = async (event) => event;';

/** From the spawn of a bare `node:http` server to the answer of its first request, in milliseconds. */
async function bareStart(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [join(packageFolder(), 'dist/bench/bare.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Of variables that make every Node start slower, functions inherit none either.
    env: { PATH: process.env['PATH'] },
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.stdout.on('data', (chunk: Buffer) => resolve(Number(/ready (\d+)/.exec(chunk.toString())?.[1])));
  });
  await runLoad(port, 1, [plainRequest('POST', '/', { host: '127.0.0.1' }, '{}')]);
  const took = performance.now() - began;
  await new Promise((resolve) => {
    child.on('exit', resolve);
    child.kill('SIGKILL');
  });
  return took;
}

function median(took: number[]): number {
  return took.sort((a, b) => a - b)[took.length >> 1] ?? 0;
}

/**
 * The first call of a function that no waiting worker may take, since its variables must be there when its process
 * starts, against a bare `node` that is started and asked once; one after the other, so that noise meets both.
 */
export async function benchColdStart(port: number, request: InvokeRequest): Promise<Line> {
  const cold: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const name = `bench-fresh-${i}`;
    await makeFunction(port, name, ECHO, { UV_THREADPOOL_SIZE: '4' });
    // What making it set off is over by then.
    await new Promise((resolve) => setTimeout(resolve, 300));
    bare.push(await bareStart());
    const result = await runLoad(port, 1, [request(name, {})]);
    if (result.errors > 0) throw new Error(result.firstError);
    cold.push(result.p50);
  }
  return mostRatioLine(
    `cold start without a pre-started worker / a bare node to its first answer, medians of ${STARTS}`,
    median(cold),
    median(bare),
    1.3,
    ' ms',
  );
}
