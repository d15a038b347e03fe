import { formatArn, parseArn } from '../../base/arn.ts';
import type { Random } from '../../world/world.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export type UniqueIdPrefix = 'AIDA' | 'AGPA' | 'AROA' | 'ANPA' | 'AIPA' | 'ASCA' | 'APKA' | 'ACCA';

/** A unique id of 21 characters: `AIDA…` of a user, `AROA…` of a role and so on. */
export function newUniqueId(prefix: UniqueIdPrefix, random: Random): string {
  return prefix + random.id(17, BASE32);
}

/**
 * An access key id of 20 characters. Like AWS's it tells its account: the 40 bits after the first bit of its base-32
 * digits.
 */
export function newAccessKeyId(prefix: 'AKIA' | 'ASIA', account: string, random: Random): string {
  const bytes = Buffer.from(random.bytes(10));
  const head =
    (BigInt(account) << 7n) | BigInt((bytes[5] ?? 0) & 0x7f) | (BigInt((bytes[0] ?? 0) & 0x80) << 40n);
  bytes.writeUIntBE(Number(head), 0, 6);
  let digits = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) digits += BASE32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return prefix + digits;
}

/** The account in an access key id; `undefined` when the id is not of AWS's form. */
export function accountOfKeyId(accessKeyId: string): string | undefined {
  if (!/^A[KS]IA[A-Z2-7]{16}$/.test(accessKeyId)) return undefined;
  let value = 0n;
  for (const digit of accessKeyId.slice(4)) value = (value << 5n) | BigInt(BASE32.indexOf(digit));
  const account = (value >> 39n) & ((1n << 40n) - 1n);
  return account < 10n ** 12n ? account.toString().padStart(12, '0') : undefined;
}

/** `arn:aws:iam::123456789012:user/path/name`; an account's own when `resource` is `root`. */
export function iamArn(account: string, kind: string, path = '/', name = ''): string {
  return formatArn('iam', '', account, kind === 'root' ? 'root' : `${kind}${path}${name}`);
}

export function sessionArn(account: string, roleName: string, sessionName: string): string {
  return formatArn('sts', '', account, `assumed-role/${roleName}/${sessionName}`);
}

export interface IamName {
  readonly account: string;
  /** `user`, `role`, `policy`, `instance-profile`… */
  readonly kind: string;
  readonly path: string;
  readonly name: string;
}

/** Splits an IAM ARN; `undefined` when it is none or names no entity. */
export function parseIamArn(arn: string): IamName | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'iam' || parsed.region !== '') return undefined;
  const { account, resource } = parsed;
  const first = resource.indexOf('/');
  const last = resource.lastIndexOf('/');
  if (first < 0) return undefined;
  return {
    account,
    kind: resource.slice(0, first),
    path: resource.slice(first, last + 1),
    name: resource.slice(last + 1),
  };
}
