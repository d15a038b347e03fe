import { invalid } from './fault.ts';

/** The parameters that hold an expression; every error names its own. */
export type ExpressionParameter =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'ProjectionExpression'
  | 'UpdateExpression';

export type TokenKind =
  /** `Pictures`: an attribute, a function or a keyword. */
  | 'word'
  /** `#p` */
  | 'name'
  /** `:v` */
  | 'value'
  /** `12` */
  | 'number'
  /** One of `( ) [ ] , . + -` and the comparators. */
  | 'symbol'
  /** A character no expression has. */
  | 'unknown'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Bytes of an expression. */
const LONGEST = 4096;
const TOKEN =
  /\s+|(?<word>[A-Za-z][A-Za-z0-9_]*)|(?<name>#[A-Za-z0-9_]+)|(?<value>:[A-Za-z0-9_]+)|(?<number>[0-9]+)|(?<symbol><>|<=|>=|[()[\],.=<>+-])|(?<unknown>.)/gsy;

/** Tokens of expressions seen lately: programs send the same few again and again, with other values. */
const seen = new Map<string, readonly Token[]>();
/** Characters of the expressions in {@link seen}, and as many as there may be. */
let seenLength = 0;
const MOST_SEEN = 1 << 16;

/** Splits an expression; the last token is the end. Throws for an empty or too long expression. */
export function tokenise(expression: string, parameter: ExpressionParameter): readonly Token[] {
  const known = seen.get(expression);
  if (known !== undefined) return known;
  const tokens = split(expression, parameter);
  if (seenLength + expression.length > MOST_SEEN) {
    seen.clear();
    seenLength = 0;
  }
  seen.set(expression, tokens);
  seenLength += expression.length;
  return tokens;
}

function split(expression: string, parameter: ExpressionParameter): readonly Token[] {
  if (expression.trim() === '') throw expressionFault(parameter, 'The expression can not be empty;');
  const bytes = Buffer.byteLength(expression, 'utf8');
  if (bytes > LONGEST) {
    throw expressionFault(
      parameter,
      `Expression size has exceeded the maximum allowed size; expression size: ${bytes}`,
    );
  }
  const tokens: Token[] = [];
  for (const match of expression.matchAll(TOKEN)) {
    const kind = kindOf(match.groups as Partial<Record<TokenKind, string>>);
    if (kind === undefined) continue;
    const text = match[0];
    tokens.push({ kind, text, start: match.index, end: match.index + text.length });
  }
  tokens.push({ kind: 'end', text: '<EOF>', start: expression.length, end: expression.length });
  return tokens;
}

function kindOf(groups: Partial<Record<TokenKind, string>>): TokenKind | undefined {
  if (groups.word !== undefined) return 'word';
  if (groups.symbol !== undefined) return 'symbol';
  if (groups.value !== undefined) return 'value';
  if (groups.name !== undefined) return 'name';
  if (groups.number !== undefined) return 'number';
  return groups.unknown === undefined ? undefined : 'unknown';
}

export function expressionFault(parameter: ExpressionParameter, reason: string) {
  return invalid(`Invalid ${parameter}: ${reason}`);
}

/** The fault of a token that may not stand where it does; it shows the source from the token before to the one after. */
export function syntaxFault(
  parameter: ExpressionParameter,
  expression: string,
  tokens: readonly Token[],
  index: number,
) {
  const token = tokens[index] as Token;
  const first = tokens[Math.max(0, index - 1)] as Token;
  const last = tokens[Math.min(tokens.length - 1, index + 1)] as Token;
  const near = expression.slice(first.start, last.end).trimEnd();
  return expressionFault(parameter, `Syntax error; token: "${token.text}", near: "${near}"`);
}
