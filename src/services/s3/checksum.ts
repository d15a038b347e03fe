import { createHash, type Hash } from 'node:crypto';
import { type Crc, crc32, crc32c, crc64nvme } from './crc.ts';
import { fault, notImplemented } from './fault.ts';

/**
 * The checksums of objects.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256' | 'SHA512' | 'MD5';

interface Form {
  readonly bytes: number;
  readonly crc?: Crc;
  /** Node's name of the hash. */
  readonly hash?: string;
}

const FORMS: Readonly<Record<ChecksumAlgorithm, Form>> = {
  CRC32: { bytes: 4, crc: crc32 },
  CRC32C: { bytes: 4, crc: crc32c },
  CRC64NVME: { bytes: 8, crc: crc64nvme },
  SHA1: { bytes: 20, hash: 'sha1' },
  SHA256: { bytes: 32, hash: 'sha256' },
  SHA512: { bytes: 64, hash: 'sha512' },
  MD5: { bytes: 16, hash: 'md5' },
};

export const ALGORITHMS = Object.keys(FORMS) as readonly ChecksumAlgorithm[];
/** Computed where the client asks for none. */
export const DEFAULT_ALGORITHM = 'CRC64NVME';

/** The member of inputs, outputs and parts that holds the checksum. */
export type ChecksumMember = `Checksum${ChecksumAlgorithm}`;
export type ChecksumMembers = { readonly [Member in ChecksumMember]?: string | undefined };

export function checksumMember(algorithm: ChecksumAlgorithm): ChecksumMember {
  return `Checksum${algorithm}`;
}

/** The algorithm of that name; throws S3's refusal for those of its list that are not computed here. */
export function algorithmOf(name: string): ChecksumAlgorithm {
  if (Object.hasOwn(FORMS, name)) return name as ChecksumAlgorithm;
  throw notImplemented(`x-amz-checksum-${name.toLowerCase()}`);
}

/** A checksum in the making. */
export class Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly #crc: Crc | undefined;
  readonly #hash: Hash | undefined;
  #state = 0n;

  constructor(algorithm: ChecksumAlgorithm) {
    const { crc, hash } = FORMS[algorithm];
    this.algorithm = algorithm;
    this.#crc = crc;
    this.#hash = hash === undefined ? undefined : createHash(hash);
  }

  update(data: Uint8Array): void {
    if (this.#crc !== undefined) this.#state = this.#crc.update(this.#state, data);
    else this.#hash?.update(data);
  }

  /** Base64. */
  value(): string {
    return this.#crc === undefined
      ? (this.#hash?.digest('base64') ?? '')
      : crcText(this.#state, this.#crc.bytes);
  }
}

function crcText(value: bigint, bytes: number): string {
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex').toString('base64');
}

/** Whether the text is a checksum of the algorithm, in base64. */
export function isChecksum(algorithm: ChecksumAlgorithm, text: string): boolean {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === FORMS[algorithm].bytes && decoded.toString('base64') === text;
}

/** What a client says the checksum of its bytes is. */
export interface ClaimedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Absent where it follows the body. */
  readonly value?: string;
}

/**
 * The one checksum that headers claim (members of the input), or that the named trailer brings. Undefined when the
 * client claims none. The checksum of an object of parts may have their number after it.
 */
export function claimedChecksum(
  input: object,
  sdkAlgorithm: string | undefined,
  trailers: string | undefined,
  of: 'body' | 'object' = 'body',
): ClaimedChecksum | undefined {
  const claims: ClaimedChecksum[] = [];
  for (const name in input) {
    if (!name.startsWith('Checksum') || name === 'ChecksumAlgorithm' || name === 'ChecksumType') continue;
    const algorithm = algorithmOf(name.slice('Checksum'.length));
    const value = (input as ChecksumMembers)[checksumMember(algorithm)];
    if (value !== undefined) claims.push({ algorithm, value });
  }
  for (const trailer of trailers?.split(',') ?? []) {
    const [, algorithm] = /^x-amz-checksum-(\w+)$/.exec(trailer.trim().toLowerCase()) ?? [];
    if (algorithm !== undefined) claims.push({ algorithm: algorithmOf(algorithm.toUpperCase()) });
  }
  const [claim, second] = claims;
  if (second !== undefined) {
    throw fault(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  if (claim === undefined) {
    if (sdkAlgorithm === undefined) return undefined;
    throw fault(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (sdkAlgorithm !== undefined && sdkAlgorithm !== claim.algorithm) {
    throw fault('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.');
  }
  if (of === 'body' && claim.value !== undefined && !isChecksum(claim.algorithm, claim.value)) {
    throw fault(
      'InvalidRequest',
      `Value for x-amz-checksum-${claim.algorithm.toLowerCase()} header is invalid.`,
    );
  }
  return claim;
}

/** The checksum of a whole object from those of its parts; only the cyclic ones can be joined so. */
export function joinedChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly { readonly size: number; readonly checksum?: string }[],
): string {
  const { crc, bytes } = FORMS[algorithm];
  let joined = 0n;
  for (const { size, checksum = '' } of parts) {
    const value = BigInt(`0x${Buffer.from(checksum, 'base64').toString('hex') || '0'}`);
    joined = crc?.combine(joined, value, size) ?? 0n;
  }
  return crcText(joined, bytes);
}

/** The checksum of the parts' checksums, `-N` after it. */
export function composedChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly { readonly checksum?: string }[],
): string {
  const composed = new Checksum(algorithm);
  for (const { checksum = '' } of parts) composed.update(Buffer.from(checksum, 'base64'));
  return `${composed.value()}-${parts.length}`;
}

/** Whether checksums of parts join to that of the whole. */
export function joins(algorithm: ChecksumAlgorithm): boolean {
  return FORMS[algorithm].crc !== undefined;
}
