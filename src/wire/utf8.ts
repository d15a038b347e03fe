import { isUtf8 } from 'node:buffer';

/** The text of UTF-8 bytes, or undefined when they are not UTF-8: nothing is replaced silently. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
