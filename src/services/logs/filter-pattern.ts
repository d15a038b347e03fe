import { RE2JS } from 're2js';
import { parseSelector } from './json-selector.ts';
import { invalidPattern, PatternReader } from './pattern-reader.ts';
import { parseFields } from './space-pattern.ts';

/** Tells whether a message is looked for. */
export type Matcher = (message: string) => boolean;

/**
 * Reads a filter pattern: terms, a JSON selector (`{ … }`) or a space-delimited one (`[ … ]`).
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function parsePattern(text: string): Matcher {
  const trimmed = text.trim();
  if (trimmed === '') return () => true;
  if (trimmed.startsWith('{')) return parseSelector(trimmed);
  if (trimmed.startsWith('[')) return parseFields(trimmed);
  return parseTerms(trimmed);
}

/** `ERROR "out of memory" -retry`: all of the first, none of those with a minus; `?a ?b`: either. */
function parseTerms(text: string): Matcher {
  const reader = new PatternReader(text);
  const all: Matcher[] = [];
  const none: Matcher[] = [];
  const any: Matcher[] = [];
  for (reader.skipSpace(); !reader.done; reader.skipSpace()) {
    const into = reader.take('-') ? none : reader.take('?') ? any : all;
    const regex = reader.regex();
    if (regex !== undefined) {
      const compiled = compile(regex);
      into.push((message) => compiled.matcher(message).find());
      continue;
    }
    const term = reader.quoted() ?? reader.until(/\s/);
    if (term === '') throw invalidPattern();
    into.push((message) => message.includes(term));
  }
  return (message) =>
    all.every((matches) => matches(message)) &&
    !none.some((matches) => matches(message)) &&
    (any.length === 0 || all.length > 0 || any.some((matches) => matches(message)));
}

/** User-written expressions run in linear time. */
export function compile(regex: string): RE2JS {
  try {
    return RE2JS.compile(regex);
  } catch {
    throw invalidPattern();
  }
}
