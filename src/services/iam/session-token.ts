import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type {
  FederatedUserPrincipal,
  RolePrincipal,
  RootPrincipal,
  UserPrincipal,
} from '../../service/principal.ts';
import type { Seal } from './seal.ts';

/** What a session token holds. Nobody else can read or make one; its access key id is part of the seal. */
export interface Session {
  readonly principal: RootPrincipal | UserPrincipal | RolePrincipal | FederatedUserPrincipal;
  readonly policyArns: readonly string[];
  readonly expiresAtMs: number;
}

/** Space for session policies and tags, compressed. */
const PACKED_BYTES = 4096;
/** A token of ours is far smaller; more is an attack on the decompressor. */
const MOST_BYTES = 256 * 1024;

/** Share of the space for session policies and tags that a session takes, in percent. */
export function packedPercent({ principal, policyArns }: Session): number {
  const policies = 'sessionPolicies' in principal ? principal.sessionPolicies : [];
  const tags = 'sessionTags' in principal ? (principal.sessionTags ?? {}) : {};
  if (policies.length === 0 && policyArns.length === 0 && Object.keys(tags).length === 0) return 0;
  const packed = deflateRawSync(JSON.stringify([policies, policyArns, tags])).length;
  return Math.ceil((100 * packed) / PACKED_BYTES);
}

export function writeToken(session: Session, accessKeyId: string, seal: Seal): string {
  return seal.seal(deflateRawSync(JSON.stringify(session)), accessKeyId).toString('base64');
}

/** `undefined` for what is not a token of this access key. */
export function readToken(token: string, accessKeyId: string, seal: Seal): Session | undefined {
  const sealed = Buffer.from(token, 'base64');
  // One session has one token: other spellings of the same bytes are not it.
  if (sealed.toString('base64') !== token) return undefined;
  const opened = seal.open(sealed, accessKeyId);
  if (opened === undefined) return undefined;
  const text = inflateRawSync(opened, { maxOutputLength: MOST_BYTES }).toString();
  return JSON.parse(text) as Session;
}

/** The secret of a session: 40 characters that follow from its token. */
export function sessionSecret(token: string, accessKeyId: string, seal: Seal): string {
  return seal.derive(`${accessKeyId}\n${token}`, 30).toString('base64');
}
