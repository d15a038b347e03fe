import type { TargetTrackingScalingPolicyConfiguration } from '../../model/gen/application-autoscaling.ts';

/**
 * Target tracking: what a policy remembers from minute to minute, and what follows from the next one.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
 */
export interface Tracking {
  /** When the consumption was read last, and how much had been consumed by then. */
  readonly readAtMs: number;
  readonly consumed: number;
  /** Minutes in a row above the target, and well below it. */
  readonly above: number;
  readonly below: number;
  /** Readings in a row without consumption. */
  readonly quiet: number;
  /** When it last scaled out and in. */
  readonly outAtMs?: number;
  readonly inAtMs?: number;
}

/** Minutes in a row after which capacity grows, and shrinks. */
const OUT_MINUTES = 2;
const IN_MINUTES = 15;
/** Below this share of the target capacity is too much: just below it would be back above it at once. */
const LOW = 0.9;

export interface Reading {
  readonly atMs: number;
  /** Units taken so far, as a counter that begins anew with each start of the server. */
  readonly consumed: number;
  /** Units a second. */
  readonly provisioned: number;
}

export interface Verdict {
  readonly tracking: Tracking;
  /** Units a second that the target asks for; absent when nothing is to change. */
  readonly wanted?: { readonly units: number; readonly direction: 'out' | 'in' };
}

/** A minute without consumption is no data, as CloudWatch has none: idle tables are not scaled in. */
export function track(
  tracking: Tracking,
  { atMs, consumed, provisioned }: Reading,
  {
    TargetValue,
    ScaleInCooldown = 0,
    ScaleOutCooldown = 0,
    DisableScaleIn = false,
  }: TargetTrackingScalingPolicyConfiguration,
): Verdict {
  const seconds = (atMs - tracking.readAtMs) / 1000;
  if (seconds <= 0) return { tracking };
  const units = consumed < tracking.consumed ? consumed : consumed - tracking.consumed;
  const rate = units / seconds;
  const percent = (100 * rate) / provisioned;
  const seen: Tracking = {
    ...tracking,
    readAtMs: atMs,
    consumed,
    above: percent > TargetValue ? tracking.above + 1 : 0,
    quiet: units > 0 ? 0 : tracking.quiet + 1,
    below: units > 0 && percent < LOW * TargetValue ? tracking.below + 1 : 0,
  };
  const wanted = Math.max(1, Math.ceil((100 * rate) / TargetValue));
  if (
    seen.above >= OUT_MINUTES &&
    wanted > provisioned &&
    atMs >= (seen.outAtMs ?? Number.NEGATIVE_INFINITY) + ScaleOutCooldown * 1000
  ) {
    return {
      tracking: { ...seen, above: 0, below: 0, outAtMs: atMs },
      wanted: { units: wanted, direction: 'out' },
    };
  }
  const lastMs = Math.max(seen.outAtMs ?? Number.NEGATIVE_INFINITY, seen.inAtMs ?? Number.NEGATIVE_INFINITY);
  if (
    !DisableScaleIn &&
    seen.below >= IN_MINUTES &&
    wanted < provisioned &&
    atMs >= lastMs + ScaleInCooldown * 1000
  ) {
    return {
      tracking: { ...seen, above: 0, below: 0, inAtMs: atMs },
      wanted: { units: wanted, direction: 'in' },
    };
  }
  return { tracking: seen };
}
