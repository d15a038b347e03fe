import { strict as assert } from 'node:assert';

const LOOK_MS = 10;
const PATIENCE_MS = 30_000;

/** Waits for a condition of this process: a machine that is busy with other things gets its time. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < end, 'what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
