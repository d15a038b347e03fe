import type { World } from '../world/world.ts';

const PER_MS = 1024;

const last = new WeakMap<World, number>();

/**
 * The next of an ever growing row of numbers that follows the virtual clock: 1,024 a millisecond, so what is numbered
 * later in time is numbered higher. Safe integers until the year 2248. Unique in this process.
 */
export function nextOrdinal(world: World): number {
  const ordinal = Math.max(ordinalAt(world.clock.now()), (last.get(world) ?? 0) + 1);
  last.set(world, ordinal);
  return ordinal;
}

/** The first ordinal of a millisecond. */
export function ordinalAt(timeMs: number): number {
  return Math.floor(timeMs) * PER_MS;
}

/** The millisecond an ordinal was drawn in. */
export function timeOf(ordinal: number): number {
  return Math.floor(ordinal / PER_MS);
}

/** Twenty digits, as SQS and SNS number what is in order. */
export function sequenceNumber(ordinal: number): string {
  return `18${String(ordinal).padStart(18, '0')}`;
}
