import type { World } from '../world/world.ts';
import type { Extensions } from './extensions.ts';
import type { Worker } from './worker.ts';

/** What extensions have from hearing of the end. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const END_MS = 2_000;
/** What the runtime has from its SIGTERM. */
const TERM_MS = 300;
const LOOK_MS = 20;

/** Tells extensions and then the runtime that the environment ends, and gives them their time. */
export async function spinDown(
  world: World,
  worker: Worker,
  extensions: Extensions,
  clockOffsetMs: number,
): Promise<void> {
  const { clock, timers } = world;
  const endsAt = clock.monotonic() + END_MS;
  extensions.end('spindown', clock.now() - clockOffsetMs + END_MS);
  do await timers.sleep(LOOK_MS);
  while (worker.alive && worker.companions > 0 && !extensions.done && clock.monotonic() < endsAt - TERM_MS);
  worker.terminate();
  const killAt = Math.min(endsAt, clock.monotonic() + TERM_MS);
  while (worker.alive && clock.monotonic() < killAt) await timers.sleep(LOOK_MS);
}
