import type { World } from '../world/world.ts';
import type { Extensions, ShutdownReason } from './extensions.ts';
import type { Telemetry } from './telemetry.ts';
import type { Worker } from './worker.ts';

/** What extensions have from hearing of the end. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const END_MS = 2_000;
/** What the runtime has from its SIGTERM. */
const TERM_MS = 300;
const LOOK_MS = 20;
/** Telemetry goes out before its listeners do. */
const FLUSH_MS = 300;

/** Tells extensions and then the runtime, where it lives, that the environment ends, and gives them their time. */
export async function spinDown(
  world: World,
  worker: Worker,
  extensions: Extensions,
  telemetry: Telemetry,
  reason: ShutdownReason,
): Promise<void> {
  const { clock, timers } = world;
  const clockOffsetMs = clock.now() - clock.realNow();
  if (reason !== 'spindown') worker.killRuntime();
  await Promise.race([telemetry.flush(), timers.sleep(FLUSH_MS)]);
  const endsAt = clock.monotonic() + END_MS;
  extensions.end(reason, clock.now() - clockOffsetMs + END_MS);
  do await timers.sleep(LOOK_MS);
  while (worker.alive && !extensions.done && clock.monotonic() < endsAt - TERM_MS);
  worker.terminate();
  const killAt = Math.min(endsAt, clock.monotonic() + TERM_MS);
  while (worker.alive && clock.monotonic() < killAt) await timers.sleep(LOOK_MS);
}
