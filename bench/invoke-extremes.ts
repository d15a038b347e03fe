import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../src/base/package-folder.ts';
import type { SigningCredentials } from '../src/wire/sigv4-client.ts';
import { descendantsOf, start } from '../test/support/process.ts';
import { plainRequest, signedRequest } from '../test/support/signed.ts';
import { makeFunction } from './invoke.ts';
import { runLoad } from './load.ts';
import { type Line, mostLine } from './report.ts';

const ECHO = 'export const handler = async (event) => event;';
const CALLS = 3_000;
const SIMULTANEOUS = 100;
const IDLE = 200;
const WATCHED_MS = 10_000;
/** What the last calls set off is over, and everything idle is frozen. */
const SETTLE_MS = 3_000;

export type InvokeRequest = (name: string, payload: unknown) => Buffer;

export function invokeRequest(port: number, credentials: SigningCredentials): InvokeRequest {
  return (name, payload) =>
    signedRequest(port, credentials, {
      service: 'lambda',
      method: 'POST',
      path: `/2015-03-31/functions/${name}/invocations`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    });
}

/** What a warm invoke costs over the same handler behind a bare server: one caller, so nothing waits for another. */
export async function benchOverhead(port: number, request: InvokeRequest): Promise<Line> {
  await makeFunction(port, 'bench-overhead', ECHO);
  const bare = await start(join(packageFolder(), 'dist/bench/echo-server.js'), [], /ready (\d+)/);
  try {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < 3; round++) {
      const payloads = Array.from({ length: CALLS }, (_, index) => ({ index, round }));
      const reference = await runLoad(
        bare.port,
        1,
        payloads.map((payload) => plainRequest('POST', '/', { host: '127.0.0.1' }, JSON.stringify(payload))),
      );
      const result = await runLoad(
        port,
        1,
        payloads.map((payload) => request('bench-overhead', payload)),
      );
      if (result.errors > 0) throw new Error(result.firstError);
      ours.push(result.p50);
      theirs.push(reference.p50);
    }
    const [measured, reference] = [Math.min(...ours), Math.min(...theirs)];
    return mostLine(
      'p50 of a warm invoke above the same handler behind node:http, 1 connection',
      measured - reference,
      1,
      'ms',
      `${measured.toFixed(2)} ms and ${reference.toFixed(2)} ms`,
    );
  } finally {
    await bare.stop();
  }
}

/** A hundred callers at once of a function that has never run. */
export async function benchSimultaneous(port: number, request: InvokeRequest): Promise<Line> {
  await makeFunction(port, 'bench-crowd', ECHO);
  const requests = Array.from({ length: SIMULTANEOUS }, (_, index) => request('bench-crowd', { index }));
  const result = await runLoad(port, SIMULTANEOUS, requests);
  if (result.errors > 0) throw new Error(result.firstError);
  return mostLine(
    `${SIMULTANEOUS} simultaneous first calls, until the last is answered`,
    result.seconds * 1000,
    6_000,
    'ms',
    `median ${result.p50.toFixed(0)} ms`,
  );
}

/** Ticks of processor time of a process and all below it. proc(5) */
function ticksOf(pid: number): number {
  let ticks = 0;
  for (const one of [pid, ...descendantsOf(pid)]) {
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended.
    }
  }
  return ticks;
}

/** Processes below `pid` that run a Node function, or wait for one. */
function nodeFunctions(pid: number): number {
  return descendantsOf(pid).filter((one) => {
    try {
      const words = readFileSync(`/proc/${one}/cmdline`, 'latin1').split('\0');
      return words[0]?.endsWith('node') === true && words.some((word) => word.endsWith('/node.cjs'));
    } catch {
      return false;
    }
  }).length;
}

/** Hundredths of a second are the kernel's unit everywhere Linux runs. */
const MS_OF_A_TICK = 10;

/** Processor time of the server and two hundred functions that nobody calls, as a share of one processor. */
export async function benchIdle(port: number, pid: number, request: InvokeRequest): Promise<Line> {
  const names = Array.from({ length: IDLE }, (_, index) => `bench-idle-${index}`);
  for (const name of names) {
    await makeFunction(port, name, `setInterval(() => {}, 5); ${ECHO}`);
    const result = await runLoad(port, 1, [request(name, {})]);
    if (result.errors > 0) throw new Error(result.firstError);
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const before = ticksOf(pid);
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
  const used = (ticksOf(pid) - before) * MS_OF_A_TICK;
  return mostLine(
    `processor time of the server with ${IDLE} idle warm functions, of one processor`,
    (100 * used) / WATCHED_MS,
    1,
    '%',
    `${nodeFunctions(pid)} processes`,
  );
}
