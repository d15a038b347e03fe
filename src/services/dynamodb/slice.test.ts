import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Context } from '../../service/context.ts';
import { simulatedWorld } from '../../world/simulated.ts';
import { Slice } from './slice.ts';

test('slices shrink while each takes long, and grow back when it does not', async () => {
  const world = simulatedWorld(1);
  const ctx = { world } as unknown as Context;
  const slice = new Slice();
  const run = async (tookMs: number) => {
    const done = slice.run(ctx, () => world.timers.sleep(tookMs));
    await world.advance(tookMs + 20);
    await done;
    return slice.size.limit;
  };
  const first = slice.size.limit;
  assert.ok((await run(20)) < first);
  let limit = 0;
  for (let i = 0; i < 10; i++) limit = await run(50);
  assert.equal(limit, 32);
  for (let i = 0; i < 30; i++) limit = await run(1);
  assert.equal(limit, 250);
});
