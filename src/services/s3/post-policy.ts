import type { Fault } from '../../service/faults.ts';
import { fault } from './fault.ts';

/**
 * What a form's signed policy lets it upload.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
export interface PostPolicy {
  readonly expiresAtMs: number;
  readonly conditions: readonly Condition[];
}

type Condition =
  | {
      readonly kind: 'eq' | 'starts-with';
      readonly field: string;
      readonly value: string;
      readonly text: string;
    }
  | { readonly kind: 'length'; readonly least: number; readonly most: number };

/** Fields that need no condition. */
const FREE = /^(?:policy|x-amz-signature|file|awsaccesskeyid|signature|x-ignore-.*)$/;

export function parsePostPolicy(base64: string): PostPolicy {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    throw invalid('Invalid JSON.');
  }
  const { expiration, conditions } = (json ?? {}) as { expiration?: unknown; conditions?: unknown };
  const expiresAtMs = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresAtMs)) throw invalid('Policy missing expiration.');
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.');
  return { expiresAtMs, conditions: conditions.flatMap(parseCondition) };
}

function parseCondition(condition: unknown): readonly Condition[] {
  const text = JSON.stringify(condition);
  if (!Array.isArray(condition)) {
    if (typeof condition !== 'object' || condition === null) throw invalid('Invalid Simple-Condition.');
    return Object.entries(condition).map(([field, value]) => ({
      kind: 'eq',
      field: field.toLowerCase(),
      value: String(value),
      text: JSON.stringify(['eq', `$${field}`, value]),
    }));
  }
  const [operator, first, second] = condition as readonly unknown[];
  const kind = String(operator).toLowerCase();
  if (kind === 'content-length-range')
    return [{ kind: 'length', least: Number(first), most: Number(second) }];
  if ((kind !== 'eq' && kind !== 'starts-with') || typeof first !== 'string' || !first.startsWith('$')) {
    throw invalid('Invalid Condition.');
  }
  return [{ kind, field: first.slice(1).toLowerCase(), value: String(second), text }];
}

function invalid(message: string): Fault {
  return fault('InvalidPolicyDocument', `Invalid Policy: ${message}`);
}

/** Throws unless the form holds to its policy. Every field needs a condition. */
export function checkPostPolicy(
  { expiresAtMs, conditions }: PostPolicy,
  fields: ReadonlyMap<string, string>,
  bucket: string,
  nowMs: number,
): void {
  if (expiresAtMs < nowMs) throw denied('Policy expired.');
  const named = new Set<string>();
  for (const condition of conditions) {
    if (condition.kind === 'length') continue;
    const { kind, field, value, text } = condition;
    named.add(field);
    const given = field === 'bucket' ? bucket : (fields.get(field) ?? '');
    const holds = kind === 'eq' ? given === value : given.startsWith(value);
    if (!holds) throw denied(`Policy Condition failed: ${text}`);
  }
  for (const field of fields.keys()) {
    if (!named.has(field) && !FREE.test(field)) throw denied(`Extra input fields: ${field}`);
  }
}

function denied(message: string): Fault {
  return fault('AccessDenied', `Invalid according to Policy: ${message}`);
}

/** Passes a file on and throws when it is not of the length the policy wants. */
export async function* ofAllowedLength(
  file: AsyncIterable<Buffer>,
  conditions: PostPolicy['conditions'],
): AsyncGenerator<Buffer> {
  const ranges = conditions.flatMap((condition) => (condition.kind === 'length' ? [condition] : []));
  let size = 0;
  for await (const chunk of file) {
    size += chunk.length;
    for (const { most } of ranges) {
      if (size > most) {
        throw fault('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
          ProposedSize: size,
          MaxSizeAllowed: most,
        });
      }
    }
    yield chunk;
  }
  for (const { least } of ranges) {
    if (size < least) {
      throw fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
        ProposedSize: size,
        MinSizeAllowed: least,
      });
    }
  }
}
