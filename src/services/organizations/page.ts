import { invalidInput } from './fault.ts';

const DEFAULT_RESULTS = 20;

interface PageInput {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** One page of a small list in its own order. */
export function pageOf<T>(
  list: readonly T[],
  { MaxResults = DEFAULT_RESULTS, NextToken }: PageInput,
): { readonly items: readonly T[]; readonly NextToken: string | undefined } {
  const from = NextToken === undefined ? 0 : Number(/^t(\d{1,9})$/.exec(NextToken)?.[1] ?? 'NaN');
  if (Number.isNaN(from)) throw invalidInput('INVALID_NEXT_TOKEN', 'You provided an invalid NextToken.');
  const to = from + MaxResults;
  return { items: list.slice(from, to), NextToken: to < list.length ? `t${to}` : undefined };
}
