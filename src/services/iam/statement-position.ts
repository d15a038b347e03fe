/** Where the statements of a policy's text lie, for the simulator's answers. Lines and columns count from 1. */
export interface TextPosition {
  readonly Line: number;
  readonly Column: number;
}

export interface StatementPosition {
  readonly start: TextPosition;
  readonly end: TextPosition;
}

/** One entry a statement, in order. `text` is valid JSON with a Statement. */
export function statementPositions(text: string): readonly StatementPosition[] {
  const positions: StatementPosition[] = [];
  let depth = 0;
  let inStatement = false;
  let listDepth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = stringEnd(text, at);
      if (depth === 1 && text.slice(at, end) === '"Statement"' && /^\s*:/.test(text.slice(end)))
        inStatement = true;
      at = end - 1;
    } else if (character === '{' || character === '[') {
      depth++;
      if (inStatement && character === '[' && depth === 2) listDepth = 1;
      if (inStatement && character === '{' && depth === 2 + listDepth) start = at;
    } else if (character === '}' || character === ']') {
      if (inStatement && character === '}' && depth === 2 + listDepth)
        positions.push({ start: positionOf(text, start), end: positionOf(text, at + 1) });
      depth--;
      if (depth === 1) {
        inStatement = false;
        listDepth = 0;
      }
    }
  }
  return positions;
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function positionOf(text: string, at: number): TextPosition {
  const before = text.slice(0, at);
  return { Line: before.split('\n').length, Column: at - before.lastIndexOf('\n') };
}
