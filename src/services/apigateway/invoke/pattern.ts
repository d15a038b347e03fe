import { RE2JS } from 're2js';

const MOST_PATTERN = 2000;

/**
 * A customer's regular expression, matched against a whole text in linear time. One that is too long or uses what
 * cannot be matched so (look-around, back-references) matches nothing.
 */
export function patternOf(source: string): (text: string) => boolean {
  if (source.length > MOST_PATTERN) return () => false;
  try {
    const compiled = RE2JS.compile(source, RE2JS.DOTALL);
    return (text) => compiled.matcher(text).matches();
  } catch {
    // AWS refuses such a request at this point, too: nothing can match it.
    return () => false;
  }
}
