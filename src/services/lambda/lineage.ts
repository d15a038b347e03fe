import { createHash } from 'node:crypto';

/**
 * A trace header carries how often each function has run in the chain of calls that led here: SDKs inside of
 * functions pass it on, queues keep it with their messages. Past a limit, the chain is a loop.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
 */
const LINEAGE = /;?Lineage=(?:\d+:)?([0-9a-f:|]*)/i;

/** Invocations of one function in one chain. */
export const MOST_IN_CHAIN = 16;

function hashOf(functionArn: string): string {
  return createHash('sha256').update(functionArn).digest('hex').slice(0, 8);
}

function read(traceHeader: string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  const text = traceHeader === undefined ? undefined : LINEAGE.exec(traceHeader)?.[1];
  for (const entry of text?.split('|') ?? []) {
    const [hash = '', count] = entry.split(':');
    if (hash !== '' && Number.isInteger(Number(count))) counts.set(hash, Number(count));
  }
  return counts;
}

/** How often the function has run in the chain a trace header tells of. */
export function runsInChain(traceHeader: string | undefined, functionArn: string): number {
  return read(traceHeader).get(hashOf(functionArn)) ?? 0;
}

/** The trace header with one more run of the function. */
export function withRun(traceHeader: string, functionArn: string): string {
  const counts = read(traceHeader);
  const hash = hashOf(functionArn);
  counts.set(hash, (counts.get(hash) ?? 0) + 1);
  const lineage = [...counts].map(([name, count]) => `${name}:${count}`).join('|');
  return `${traceHeader.replace(LINEAGE, '')};Lineage=1:${lineage}`;
}
