import type { Tag } from '../../model/gen/sts.ts';
import type { Principal } from '../../service/principal.ts';
import { fault } from './fault.ts';

/**
 * Session tags. Keys compare without regard to case.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
export interface SessionTags {
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveKeys: readonly string[];
}

/** The tags of a new session: those asked for, and the transitive ones of the session that asks. */
export function sessionTags(
  asked: readonly Tag[] | undefined,
  transitive: readonly string[] | undefined,
  caller: Principal,
): SessionTags {
  const inherited = inheritedTags(caller);
  const inheritedKeys = new Set(Object.keys(inherited).map(folded));
  const keys = (asked ?? []).map(({ Key }) => folded(Key));
  if (new Set(keys).size !== keys.length)
    throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  for (const key of transitive ?? []) {
    if (inheritedKeys.has(folded(key))) throw conflict();
    if (!keys.includes(folded(key)))
      throw invalid('The specified transitive tag key must be included in the requested tags.');
  }
  if (keys.some((key) => inheritedKeys.has(key))) throw conflict();
  const tags = Object.fromEntries((asked ?? []).map(({ Key, Value }) => [Key, Value]));
  return {
    tags: { ...inherited, ...tags },
    transitiveKeys: [...Object.keys(inherited), ...(transitive ?? [])],
  };
}

function inheritedTags(caller: Principal): Readonly<Record<string, string>> {
  if (caller.kind !== 'role') return {};
  const kept = new Set((caller.transitiveTagKeys ?? []).map(folded));
  return Object.fromEntries(Object.entries(caller.sessionTags).filter(([key]) => kept.has(folded(key))));
}

function folded(key: string): string {
  return key.toLowerCase();
}

function conflict() {
  return invalid(
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
  );
}

function invalid(message: string) {
  return fault('InvalidParameterValue', message);
}
