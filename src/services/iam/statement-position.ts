/** Where the statements of a policy's text lie, for the simulator's answers. Lines and columns count from 1. */
export interface TextPosition {
  readonly Line: number;
  readonly Column: number;
}

export interface StatementPosition {
  readonly start: TextPosition;
  readonly end: TextPosition;
}

/**
 * One entry a statement, in order. `text` is valid JSON with a Statement. As a JSON reader stands: a statement of a list
 * starts where what precedes it ends, a statement alone after its brace, and each ends after its closing brace.
 */
export function statementPositions(text: string): readonly StatementPosition[] {
  const positions: StatementPosition[] = [];
  let depth = 0;
  let inStatement = false;
  let listDepth = 0;
  let line = 1;
  let lineStart = 0;
  let start: TextPosition = { Line: 1, Column: 1 };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    // Strings of valid JSON hold no line feeds.
    if (character === '\n') {
      line++;
      lineStart = at + 1;
    } else if (character === '"') {
      const end = stringEnd(text, at);
      if (depth === 1 && text.slice(at, end) === '"Statement"' && /^\s*:/.test(text.slice(end)))
        inStatement = true;
      at = end - 1;
    } else if (character === '{' || character === '[') {
      depth++;
      if (inStatement && depth === 2) {
        if (character === '[') listDepth = 1;
        start = { Line: line, Column: at - lineStart + 2 };
      }
    } else if (character === '}' || character === ']') {
      if (inStatement && character === '}' && depth === 2 + listDepth) {
        const end = { Line: line, Column: at - lineStart + 2 };
        positions.push({ start, end });
        start = end;
      }
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
