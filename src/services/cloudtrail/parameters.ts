import type { ServiceModel, Shape, ShapeRef } from '../../model/model.ts';

/** What stands in place of what the model calls sensitive. */
export const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
/** CloudTrail leaves out parameters longer than this, in bytes of JSON. */
const MOST_BYTES = 100 * 1024;

/** Sensitive in fact, though the model does not say so. */
const ALSO_SENSITIVE: Readonly<Record<string, readonly string[]>> = {
  /** Of NoEcho parameters too: the template, not the call, says which they are. */
  cloudformation: ['ParameterValue'],
  sts: ['tokenType', 'clientTokenType', 'SAMLAssertionType'],
};

/** Members that are, of shapes that are not: by structure. */
const SENSITIVE_MEMBERS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  apigateway: { ApiKey: ['value'], CreateApiKeyRequest: ['value'], UsagePlanKey: ['value'] },
};

/**
 * The members of an input or output as an event shows them: names begin in lower case, bytes are left out, secrets are
 * hidden. Null when there are none.
 */
export function shownParameters(
  model: ServiceModel,
  ref: ShapeRef | undefined,
  value: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | null {
  if (ref === undefined || value === undefined) return null;
  const shown = show(model, ref, value) as Readonly<Record<string, unknown>>;
  if (Object.keys(shown).length === 0) return null;
  const bytes = Buffer.byteLength(JSON.stringify(shown));
  return bytes <= MOST_BYTES
    ? shown
    : { omitted: true, originalSize: bytes, reason: 'the parameters are too large' };
}

function show(model: ServiceModel, ref: ShapeRef, value: unknown): unknown {
  const shape = model.shapes[ref.shape] as Shape;
  if (shape.sensitive === true || ALSO_SENSITIVE[model.name]?.includes(ref.shape) === true) return HIDDEN;
  switch (shape.type) {
    case 'structure': {
      if (shape.document === true) return value;
      const shown: Record<string, unknown> = {};
      const members = value as Readonly<Record<string, unknown>>;
      for (const [name, member] of Object.entries(shape.members ?? {})) {
        const inner = members[name];
        const isBytes = model.shapes[member.shape]?.type === 'blob';
        if (inner === undefined || isBytes) continue;
        const hidden = SENSITIVE_MEMBERS[model.name]?.[ref.shape]?.includes(name) === true;
        shown[memberName(model, name)] = hidden ? HIDDEN : show(model, member, inner);
      }
      return shown;
    }
    case 'list':
      return (value as readonly unknown[]).map((item) =>
        item === null ? null : show(model, shape.member as ShapeRef, item),
      );
    case 'map': {
      const entries = Object.entries(value as Readonly<Record<string, unknown>>);
      return Object.fromEntries(
        entries.map(([key, item]) => [
          key,
          item === null ? null : show(model, shape.value as ShapeRef, item),
        ]),
      );
    }
    case 'timestamp':
      return value instanceof Date ? isoSeconds(value.getTime()) : value;
    case 'blob':
      return HIDDEN;
    default:
      return typeof value === 'bigint' ? value.toString() : value;
  }
}

function memberName(model: ServiceModel, name: string): string {
  if (model.name === 's3' && name === 'Bucket') return 'bucketName';
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** ISO 8601 without fractions of a second. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
