const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;
const VALUES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export type Base64Problem = 'length' | 'character' | 'last';

/** Decodes RFC 4648 base64 strictly: padded, no foreign characters, no bits after the last byte. */
export function fromBase64(text: string): Uint8Array | Base64Problem {
  if (text.length % 4 !== 0) return 'length';
  if (!ALPHABET.test(text)) return 'character';
  if (text.endsWith('=')) {
    const double = text.endsWith('==');
    const last = VALUES.indexOf(text[text.length - (double ? 3 : 2)] ?? '');
    if (last < 0 || (last & (double ? 0x0f : 0x03)) !== 0) return 'last';
  }
  const bytes = Buffer.from(text, 'base64');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
