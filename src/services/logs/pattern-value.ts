import { pathsOf, selectPath } from './json-selector.ts';
import { fieldsOf } from './space-pattern.ts';

/**
 * What a filter pattern finds in a message that matches: the words its fields stand for (`$size`), or the values its
 * selectors point at (`$.user.id`). Terms find nothing.
 */
export function patternValues(text: string): (message: string) => Record<string, string> {
  const trimmed = text.trim();
  if (trimmed.startsWith('[')) {
    const wordsOf = fieldsOf(trimmed);
    return (message) =>
      Object.fromEntries(
        wordsOf(message).map(([name, word], index) => [`$${name === '' ? index + 1 : name}`, word]),
      );
  }
  if (!trimmed.startsWith('{')) return () => ({});
  const paths = pathsOf(trimmed);
  return (message) => {
    const document: unknown = JSON.parse(message);
    const values: Record<string, string> = {};
    for (const path of paths) {
      const [value] = selectPath(document, path);
      if (value === undefined) continue;
      values[path] = typeof value === 'string' ? value : JSON.stringify(value);
    }
    return values;
  };
}
