/**
 * What Lambda would have asked for an invocation in us-east-1 on x86, free tier aside, in dollars.
 * https://aws.amazon.com/lambda/pricing/
 */
const PER_REQUEST = 0.2 / 1_000_000;
const PER_GB_SECOND = 0.0000166667;

const REPORT = /Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB/;

/** The cost of the invocation a REPORT line tells of; undefined of another line. */
export function costOf(line: string): number | undefined {
  const [, billedMs, memoryMb] = REPORT.exec(line) ?? jsonReport(line) ?? [];
  if (billedMs === undefined) return undefined;
  return PER_REQUEST + (Number(billedMs) / 1000) * (Number(memoryMb) / 1024) * PER_GB_SECOND;
}

/** The same line of a function that logs JSON. */
function jsonReport(line: string): readonly [string, string, string] | undefined {
  if (!line.includes('"platform.report"')) return undefined;
  const billed = /"billedDurationMs":(\d+)/.exec(line)?.[1];
  const memory = /"memorySizeMB":(\d+)/.exec(line)?.[1];
  return billed === undefined || memory === undefined ? undefined : [line, billed, memory];
}

/** `$0.0000004167`: enough digits for the smallest call. */
export function dollars(cost: number): string {
  return `$${cost.toFixed(cost < 0.01 ? 10 : 4)}`;
}

/** What to say after invocations; nothing when there were none. */
export function costLine(costs: readonly number[]): string | undefined {
  if (costs.length === 0) return undefined;
  const total = dollars(costs.reduce((sum, cost) => sum + cost, 0));
  return costs.length === 1
    ? `this call would have cost ${total} on AWS`
    : `these ${costs.length} calls would have cost ${total} on AWS`;
}
