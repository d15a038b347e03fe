import { parse } from 'yaml';
import { badRequest } from '../fault.ts';

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An own member that is an object; empty when there is none. */
export function objectAt(value: unknown, name: string): Json {
  const member = memberAt(value, name);
  return isObject(member) ? member : {};
}

export function memberAt(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A text; numbers and booleans, as unquoted versions and status codes are in YAML, count as theirs. */
export function textAt(value: unknown, name: string): string | undefined {
  const member = memberAt(value, name);
  if (typeof member === 'string') return member;
  return typeof member === 'number' || typeof member === 'boolean' ? String(member) : undefined;
}

export function listAt(value: unknown, name: string): readonly unknown[] {
  const member = memberAt(value, name);
  return Array.isArray(member) ? member : [];
}

/** A map of texts, as templates and parameters are; scalars count as their text. */
export function textsAt(value: unknown, name: string): Record<string, string> | undefined {
  const member = memberAt(value, name);
  if (!isObject(member)) return undefined;
  const texts = Object.keys(member).map((key): [string, string] => {
    const item = member[key];
    return [key, typeof item === 'object' && item !== null ? JSON.stringify(item) : String(item ?? '')];
  });
  return Object.fromEntries(texts);
}

/** An API document, OpenAPI 3 or Swagger 2. */
export interface ApiDocument {
  readonly root: Json;
  readonly version: 2 | 3;
}

/** The roles a document names for integrations and authorizers, wherever they stand in it. */
export function credentialsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(credentialsIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === 'string' && (name === 'credentials' || name === 'authorizerCredentials')
      ? [member]
      : credentialsIn(member),
  );
}

const MOST_REFERENCES = 30;

/** Reads JSON or YAML. Throws BadRequestException for what is neither, or no API. */
export function readDocument(bytes: Uint8Array): ApiDocument {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').trim();
  let root: unknown;
  try {
    root = text.startsWith('{') ? JSON.parse(text) : parse(text, { logLevel: 'silent' });
  } catch {
    throw badRequest('Invalid OpenAPI input.');
  }
  if (!isObject(root)) throw badRequest('Invalid OpenAPI input.');
  if (textAt(root, 'swagger')?.startsWith('2') === true) return { root, version: 2 };
  if (textAt(root, 'openapi')?.startsWith('3') === true) return { root, version: 3 };
  throw badRequest('Invalid OpenAPI input.');
}

/** Follows `$ref` within the document; a bare name means a definition. */
export function dereference({ root }: ApiDocument, value: unknown): unknown {
  let at = value;
  for (let step = 0; step < MOST_REFERENCES; step += 1) {
    const ref = textAt(at, '$ref');
    if (ref === undefined) return at;
    if (!ref.startsWith('#/')) throw badRequest(`Unable to resolve the reference ${ref}`);
    let target: unknown = root;
    for (const part of ref.slice(2).split('/'))
      target = memberAt(target, decodeURIComponent(part.replaceAll('~1', '/').replaceAll('~0', '~')));
    if (target === undefined) throw badRequest(`Unable to resolve the reference ${ref}`);
    at = target;
  }
  throw badRequest("The document's references go in a circle.");
}
