import type { World } from '../../world/world.ts';
import { ALPHANUMERIC_LOWER } from '../../world/world.ts';

/**
 * A message key names a message in its queue and sorts by arrival: 4,096 ordinals a millisecond, then chance, so that
 * processes which share a store do not meet.
 */
const PER_MS = 4096;
const ORDINAL_DIGITS = 11;
const CHANCE_DIGITS = 5;

const lastOrdinals = new WeakMap<World, number>();

/** The next ordinal of this process, in step with the clock. */
export function nextOrdinal(world: World): number {
  const ordinal = Math.max(ordinalAt(world.clock.now()), (lastOrdinals.get(world) ?? 0) + 1);
  lastOrdinals.set(world, ordinal);
  return ordinal;
}

/** The first ordinal of a millisecond. */
export function ordinalAt(timeMs: number): number {
  return Math.floor(timeMs) * PER_MS;
}

export function keyOf(ordinal: number, chance: string): string {
  return ordinal.toString(36).padStart(ORDINAL_DIGITS, '0') + chance;
}

export function drawChance(world: World): string {
  return world.random.id(CHANCE_DIGITS, ALPHANUMERIC_LOWER);
}

export function newKey(world: World): string {
  return keyOf(nextOrdinal(world), drawChance(world));
}

export function ordinalOf(key: string): number {
  return Number.parseInt(key.slice(0, ORDINAL_DIGITS), 36);
}

/** When the message arrived, in milliseconds of virtual time. */
export function arrivalOf(key: string): number {
  return Math.floor(ordinalOf(key) / PER_MS);
}

/** Twenty digits, as FIFO queues number their messages. */
export function sequenceOf(key: string): string {
  return `18${String(ordinalOf(key)).padStart(18, '0')}`;
}
