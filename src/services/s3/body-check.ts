import { hash } from 'node:crypto';
import type { Context } from '../../service/context.ts';
import type { AnyOperation } from '../../service/service.ts';
import { ALGORITHMS, Checksum, isChecksum } from './checksum.ts';
import { fault } from './fault.ts';

/** Operations that S3 does not do without a checksum of their body. */
const REQUIRED = new Set(['DeleteObjects']);

/** The operations, each of which first holds the document it was sent against what its headers say of it. */
export function withBodyCheck(
  operations: Readonly<Record<string, AnyOperation>>,
): Readonly<Record<string, AnyOperation>> {
  return Object.fromEntries(
    Object.entries(operations).map(([name, run]): [string, AnyOperation] => [
      name,
      async (input, ctx) => {
        checkBody(ctx, REQUIRED.has(name));
        return run(input, ctx);
      },
    ]),
  );
}

function checkBody({ http, inside }: Context, required: boolean): void {
  const body = http?.buffered;
  if (inside === true || http === undefined || body === undefined) return;
  const { headers } = http;
  const md5 = headers['content-md5'];
  let checked = md5 !== undefined;
  if (md5 !== undefined) {
    if (!isChecksum('MD5', md5)) {
      throw fault('InvalidDigest', 'The Content-MD5 you specified was invalid.', { 'Content-MD5': md5 });
    }
    if (hash('md5', body, 'base64') !== md5) {
      throw fault('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
  }
  if (body.length === 0) return;
  for (const algorithm of ALGORITHMS) {
    const claimed = headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    if (claimed === undefined) continue;
    const checksum = new Checksum(algorithm);
    checksum.update(body);
    if (checksum.value() !== claimed) {
      throw fault('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
    }
    checked = true;
  }
  if (required && !checked) {
    throw fault(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
}
