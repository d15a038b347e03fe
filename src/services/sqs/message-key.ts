import { sequenceNumber, timeOf } from '../../service/ordinal.ts';
import { ALPHANUMERIC_LOWER, type World } from '../../world/world.ts';

/**
 * A message key names a message in its queue and sorts by arrival: an ordinal, then chance, so that processes which
 * share a store do not meet.
 */
const ORDINAL_DIGITS = 11;
const CHANCE_DIGITS = 5;

export function keyOf(ordinal: number, chance: string): string {
  return ordinal.toString(36).padStart(ORDINAL_DIGITS, '0') + chance;
}

export function drawChance(world: World): string {
  return world.random.id(CHANCE_DIGITS, ALPHANUMERIC_LOWER);
}

export function ordinalOf(key: string): number {
  return Number.parseInt(key.slice(0, ORDINAL_DIGITS), 36);
}

/** When the message arrived, in milliseconds of virtual time. */
export function arrivalOf(key: string): number {
  return timeOf(ordinalOf(key));
}

export function sequenceOf(key: string): string {
  return sequenceNumber(ordinalOf(key));
}
