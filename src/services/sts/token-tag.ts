import type { JWTPayload } from 'jose';
import type { Tag } from '../../model/gen/sts.ts';
import { fault } from './fault.ts';

/** What a provider's token says of the session itself. */
export interface TokenTags {
  readonly tags: readonly Tag[];
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
}

const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';

/**
 * Session tags and source identity in a token's claims, nested or in the flat form some providers are limited to.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
 */
export function tokenTags(payload: JWTPayload): TokenTags {
  const nested = recordOf(payload[TAGS]);
  const principal = recordOf(nested?.['principal_tags'] ?? payload[`${TAGS}/principal_tags`]);
  const flat = Object.entries(payload).flatMap(([claim, value]) =>
    claim.startsWith(`${TAGS}/principal_tags/`)
      ? [[claim.slice(`${TAGS}/principal_tags/`.length), value] as const]
      : [],
  );
  const pairs = [...Object.entries(principal ?? {}), ...flat];
  const transitive = nested?.['transitive_tag_keys'] ?? payload[`${TAGS}/transitive_tag_keys`];
  const sourceIdentity = payload[SOURCE_IDENTITY];
  if (sourceIdentity !== undefined && typeof sourceIdentity !== 'string')
    throw fault('InvalidIdentityToken', 'The source identity of the token is not a string.');
  return {
    tags: pairs.map(([Key, value]) => ({ Key, Value: oneText(value) })),
    transitiveTagKeys: [transitive ?? []].flat().filter((key): key is string => typeof key === 'string'),
    sourceIdentity,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Each tag has one value, though claims hold lists. */
function oneText(value: unknown): string {
  const [text, ...more] = [value].flat();
  if (typeof text === 'string' && more.length === 0) return text;
  throw fault('InvalidIdentityToken', 'Each principal tag of the token must have exactly one value.');
}
