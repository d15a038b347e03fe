import { literal, wildcards } from './match.ts';
import type { ContextLookup, ContextValue } from './request.ts';

/**
 * Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}` for the characters
 * themselves. Only policies of version 2012-10-17 have them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export interface Template {
  readonly parts: readonly TemplatePart[];
}

export type TemplatePart = string | Variable;

interface Variable {
  /** The context key, in lower case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

/** Each part ends at a character the next cannot hold, so that hostile text takes linear time. */
const VARIABLE = /\$\{(?:([*?$])|([^,{}']*)(?:,\s*'([^']*)'\s*)?)\}/g;

/** `pattern`: stars and question marks outside variables are wildcards. A text without variables has one part. */
export function parseTemplate(text: string, variables: boolean, pattern: boolean): Template {
  const plain = pattern ? wildcards : literal;
  if (!variables || !text.includes('${')) return { parts: [plain(text)] };
  const parts: TemplatePart[] = [];
  let written = '';
  let from = 0;
  for (const found of text.matchAll(VARIABLE)) {
    const [whole, character, name = '', fallback] = found;
    const key = name.trim();
    if (character === undefined && key === '') continue;
    written += plain(text.slice(from, found.index));
    from = found.index + whole.length;
    if (character !== undefined) written += character;
    else {
      if (written !== '') parts.push(written);
      written = '';
      parts.push({
        key: key.toLowerCase(),
        fallback: fallback === undefined ? undefined : literal(fallback),
      });
    }
  }
  written += plain(text.slice(from));
  if (written !== '' || parts.length === 0) parts.push(written);
  return { parts };
}

/** The template's text when it has no variables. */
export function constantOf({ parts }: Template): string | undefined {
  const [only] = parts;
  return parts.length === 1 && typeof only === 'string' ? only : undefined;
}

/** The text with every variable put in as literal text; `undefined` when one has neither value nor default. */
export function render({ parts }: Template, context: ContextLookup): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') text += part;
    else {
      const value = single(context.get(part.key));
      if (value !== undefined) text += literal(value);
      else if (part.fallback !== undefined) text += part.fallback;
      else return undefined;
    }
  }
  return text;
}

/** A key with several values cannot be put into a text. */
function single(value: ContextValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object') return value.length === 1 ? value[0] : undefined;
  return String(value);
}

/** Splits at the colons outside variables: at most six parts, the sixth keeps its colons. */
export function splitTemplate({ parts }: Template): readonly Template[] {
  const segments: TemplatePart[][] = [[]];
  for (const part of parts) {
    if (typeof part !== 'string') {
      segments[segments.length - 1]?.push(part);
      continue;
    }
    let rest = part;
    while (segments.length < 6) {
      const colon = rest.indexOf(':');
      if (colon < 0) break;
      segments[segments.length - 1]?.push(rest.slice(0, colon));
      segments.push([]);
      rest = rest.slice(colon + 1);
    }
    segments[segments.length - 1]?.push(rest);
  }
  return segments.map((segment) => ({ parts: segment }));
}
