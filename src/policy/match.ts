/**
 * Wildcards. A compiled pattern is text in which two noncharacters stand for `*` and `?`, so that a literal star,
 * spelled `${*}` or brought in by a policy variable, stays a star.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export const ANY_RUN = '\uffff';
export const ANY_ONE = '\ufffe';

const RESERVED = /[\ufffe\uffff]/g;

/** Turns `*` and `?` of a policy's text into wildcards. */
export function wildcards(text: string): string {
  return text.replace(RESERVED, '\ufffd').replaceAll('*', ANY_RUN).replaceAll('?', ANY_ONE);
}

/** Text that stands for itself in a pattern. */
export function literal(text: string): string {
  return text.replace(RESERVED, '\ufffd');
}

/**
 * A pattern split at its stars. Each piece is searched once, from where the one before it ended: the pieces' scans do
 * not overlap, so many stars cost no more than one (no backtracking over them).
 */
export class Glob {
  private readonly first: string;
  private readonly last: string;
  private readonly middle: readonly string[];
  private readonly exact: boolean;
  private readonly least: number;

  constructor(pattern: string) {
    const pieces = pattern.split(ANY_RUN);
    this.exact = pieces.length === 1;
    this.first = pieces[0] ?? '';
    this.last = pieces.length > 1 ? (pieces[pieces.length - 1] ?? '') : '';
    this.middle = pieces.slice(1, -1).filter((piece) => piece !== '');
    this.least = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** True when nothing is excluded. */
  get matchesAll(): boolean {
    return !this.exact && this.least === 0;
  }

  matches(text: string): boolean {
    if (this.exact) return text.length === this.first.length && pieceAt(text, 0, this.first);
    if (text.length < this.least || !pieceAt(text, 0, this.first)) return false;
    const end = text.length - this.last.length;
    if (!pieceAt(text, end, this.last)) return false;
    let from = this.first.length;
    for (const piece of this.middle) {
      const at = findPiece(text, piece, from);
      if (at < 0) return false;
      from = at + piece.length;
    }
    return from <= end;
  }
}

function pieceAt(text: string, at: number, piece: string): boolean {
  if (!piece.includes(ANY_ONE)) return text.startsWith(piece, at);
  if (at + piece.length > text.length) return false;
  for (let i = 0; i < piece.length; i++) {
    const wanted = piece.charCodeAt(i);
    if (wanted !== 0xfffe && wanted !== text.charCodeAt(at + i)) return false;
  }
  return true;
}

function findPiece(text: string, piece: string, from: number): number {
  if (!piece.includes(ANY_ONE)) return text.indexOf(piece, from);
  for (let at = from; at + piece.length <= text.length; at++) if (pieceAt(text, at, piece)) return at;
  return -1;
}

/** One of the six parts of an ARN pattern: anything, one text, or a glob. */
type Segment = null | string | Glob;

/**
 * An ARN with wildcards, compared part by part: a star does not reach over the five leading colons. Parts left out at
 * the end stand for anything. What does not start with `arn:` is one glob over the whole text.
 */
export class ArnPattern {
  private readonly segments: readonly Segment[] | undefined;
  private readonly whole: Glob | undefined;
  readonly matchesAll: boolean;

  /** `pattern` is as {@link wildcards} made it. */
  constructor(pattern: string, segments: readonly string[] = splitArn(pattern)) {
    if (segments.length > 1 && segments[0] === 'arn') {
      this.segments = [0, 1, 2, 3, 4, 5].map((i) => segment(segments[i]));
      this.matchesAll = false;
    } else {
      this.whole = new Glob(pattern);
      this.matchesAll = this.whole.matchesAll;
    }
  }

  matches(arn: string): boolean {
    const segments = this.segments;
    if (segments === undefined) return this.matchesAll || (this.whole?.matches(arn) ?? false);
    let start = 0;
    for (let i = 0; i < 5; i++) {
      const end = arn.indexOf(':', start);
      if (end < 0) return false;
      const part = segments[i];
      if (typeof part === 'string') {
        if (end - start !== part.length || !arn.startsWith(part, start)) return false;
      } else if (part !== null && part !== undefined && !part.matches(arn.slice(start, end))) return false;
      start = end + 1;
    }
    const part = segments[5];
    if (part === null || part === undefined) return true;
    if (typeof part === 'string') return arn.length - start === part.length && arn.startsWith(part, start);
    return part.matches(arn.slice(start));
  }
}

function segment(text: string | undefined): Segment {
  if (text === undefined || text === ANY_RUN) return null;
  return text.includes(ANY_RUN) || text.includes(ANY_ONE) ? new Glob(text) : text;
}

/** At most six parts: the sixth keeps its colons. */
export function splitArn(text: string): readonly string[] {
  const parts = text.split(':');
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(':')];
}
