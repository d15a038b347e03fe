import type { Invocation } from '../service/runtimes.ts';

/**
 * What the Runtime API's `next` says of an invocation, as a block of header lines. `offsetMs` is how far the clock
 * runs ahead of the machine's; programs that are not ours read the machine's, so their deadline is on that.
 */
export function invocationHeaders(
  invocation: Invocation,
  {
    deadlineMs,
    offsetMs,
    ours,
  }: { readonly deadlineMs: number; readonly offsetMs: number; readonly ours: boolean },
): string {
  const deadline = Math.round(deadlineMs - (ours ? 0 : offsetMs));
  let headers = `Lambda-Runtime-Aws-Request-Id: ${invocation.requestId}\r\nLambda-Runtime-Deadline-Ms: ${deadline}\r\nLambda-Runtime-Invoked-Function-Arn: ${invocation.functionArn}\r\n`;
  if (offsetMs !== 0) headers += `Lambent-Clock-Offset-Ms: ${offsetMs}\r\n`;
  if (invocation.traceHeader !== undefined)
    headers += `Lambda-Runtime-Trace-Id: ${line(invocation.traceHeader)}\r\n`;
  if (invocation.clientContext !== undefined) {
    headers += `Lambda-Runtime-Client-Context: ${line(invocation.clientContext)}\r\n`;
  }
  if (invocation.cognitoIdentity !== undefined) {
    headers += `Lambda-Runtime-Cognito-Identity: ${line(invocation.cognitoIdentity)}\r\n`;
  }
  return headers;
}

/** Header values come from callers: one line of printable characters. */
function line(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
