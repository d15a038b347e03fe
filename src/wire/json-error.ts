import type { ServiceModel, Shape } from '../model/model.ts';
import { type ErrorShape, errorMembers, messageMember } from './error-shape.ts';
import { type JsonEncode, structureEncoder } from './json-encode.ts';
import type { WireError } from './protocol.ts';

const encoders = new WeakMap<Shape, JsonEncode>();

/** An error's members as a JSON object, less those that go in headers; its message even where its shape lists none. */
export function encodeJsonError(
  model: ServiceModel,
  found: ErrorShape | undefined,
  error: WireError,
): string {
  if (!found) return JSON.stringify({ message: error.message });
  let encode = encoders.get(found.shape);
  if (!encode) encoders.set(found.shape, (encode = compile(model, found)));
  return encode(errorMembers(error, found));
}

function compile(model: ServiceModel, found: ErrorShape): JsonEncode {
  const message = messageMember(found);
  const members = Object.entries(found.shape.members ?? {}).filter(([, ref]) => ref.location === undefined);
  const print = structureEncoder(model, members);
  if (members.some(([name]) => name === message)) return print;
  return (value) => {
    const text = print(value);
    const label = `"${message}":${JSON.stringify((value as Record<string, unknown>)[message])}`;
    return text === '{}' ? `{${label}}` : `{${label},${text.slice(1)}`;
  };
}
