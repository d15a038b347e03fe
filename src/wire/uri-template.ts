/** A `requestUri` of the model: `/{Bucket}/{Key+}?tagging`. */
export interface UriTemplate {
  readonly segments: readonly Segment[];
  /** Literal query parameters the request must carry; a value of undefined asks only for the name. */
  readonly query: readonly (readonly [string, string | undefined])[];
}

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** One segment, or with `greedy` one or more. */
  | { readonly kind: 'label'; readonly name: string; readonly greedy: boolean };

/** A query parameter newer clients add to say which operation they mean; no server needs it. */
const OPERATION_HINT = 'x-id';

export function parseUriTemplate(requestUri: string): UriTemplate {
  const [path = '', query = ''] = requestUri.split('?', 2);
  const segments = pathSegments(path).map((text): Segment => {
    if (!text.startsWith('{') || !text.endsWith('}')) return { kind: 'literal', text };
    const greedy = text.endsWith('+}');
    return { kind: 'label', name: text.slice(1, greedy ? -2 : -1), greedy };
  });
  const literals = query.split('&').flatMap((pair): [string, string | undefined][] => {
    const [name = '', value] = pair.split('=', 2);
    return name === '' || name === OPERATION_HINT ? [] : [[name, value]];
  });
  return { segments, query: literals };
}

/** The segments of a path, still encoded. Empty ones inside count: S3's keys may hold `//`. */
export function pathSegments(path: string): string[] {
  const segments = path.split('/');
  segments.shift();
  return segments;
}

/** Drops the slash some clients put last, which no template but a greedy one tells apart. */
export function withoutLastEmpty(segments: readonly string[]): readonly string[] {
  return segments.length > 0 && segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

/** The labels' values, still encoded, of a path that fits; undefined for one that does not. */
export function matchTemplate(template: UriTemplate, path: string): Map<string, string> | undefined {
  const raw = pathSegments(path);
  const wanted = withoutLastEmpty(
    template.segments.map((segment) => (segment.kind === 'literal' ? segment.text : segment.name)),
  ).length;
  const greedyAt = template.segments.findIndex((segment) => segment.kind === 'label' && segment.greedy);
  const given = greedyAt < 0 ? withoutLastEmpty(raw) : raw;
  if (greedyAt < 0 ? given.length !== wanted : given.length < wanted) return undefined;
  const labels = new Map<string, string>();
  for (let i = 0, at = 0; i < wanted; i += 1) {
    const segment = template.segments[i];
    if (!segment) return undefined;
    const width = i === greedyAt ? given.length - wanted + 1 : 1;
    const text = given.slice(at, at + width).join('/');
    at += width;
    if (segment.kind === 'literal' ? segment.text !== text : text === '') return undefined;
    if (segment.kind === 'label') labels.set(segment.name, text);
  }
  return labels;
}
