/** The type and subtype of a `Content-Type`, in lower case. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const end = header.indexOf(';');
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}

/** Tells whether a media type is one of an API's binary ones, which may end in `/*`. */
export function binaryMatcher(types: readonly string[] | undefined): (type: string | undefined) => boolean {
  if (types === undefined || types.length === 0) return () => false;
  const exact = new Set(types.map((type) => type.toLowerCase()));
  if (exact.has('*/*')) return () => true;
  return (type) =>
    type !== undefined && (exact.has(type) || exact.has(`${type.slice(0, type.indexOf('/'))}/*`));
}
