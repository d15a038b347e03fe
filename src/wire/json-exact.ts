/**
 * Parses JSON text that `JSON.parse` has accepted, giving whole numbers past 2^53 as bigint. Slower than `JSON.parse`: for
 * the rare body in which a 64-bit integer needs it. Returns undefined when nested deeper than `maxDepth`.
 */
export function parseJsonExactly(text: string, maxDepth: number): unknown {
  let at = 0;

  function skipSpace(): void {
    while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  }

  function string(): string {
    const start = at;
    for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
    at += 1;
    return JSON.parse(text.slice(start, at)) as string;
  }

  function scalar(): unknown {
    const start = at;
    while (at < text.length && !' \t\r\n,]}'.includes(text[at] ?? '')) at += 1;
    const token = text.slice(start, at);
    const value: unknown = JSON.parse(token);
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
    return BigInt(/^-?\d+$/.test(token) ? token : (value as number));
  }

  function parse(depth: number): unknown {
    if (depth > maxDepth) throw new TooDeep();
    skipSpace();
    const first = text[at];
    if (first === '"') return string();
    if (first !== '{' && first !== '[') return scalar();
    const close = first === '{' ? '}' : ']';
    const list: unknown[] = [];
    const object: Record<string, unknown> = {};
    at += 1;
    for (skipSpace(); text[at] !== close; skipSpace()) {
      if (text[at] === ',') {
        at += 1;
        skipSpace();
      }
      if (first === '[') {
        list.push(parse(depth + 1));
        continue;
      }
      const name = string();
      skipSpace();
      at += 1;
      const value = parse(depth + 1);
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    }
    at += 1;
    return first === '[' ? list : object;
  }

  try {
    return parse(0);
  } catch (error) {
    if (error instanceof TooDeep) return undefined;
    throw error;
  }
}

class TooDeep extends Error {}
