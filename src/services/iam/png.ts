import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'uqr';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A text as a QR code (ISO/IEC 18004) that a camera reads off a screen. */
export function qrCodePng(text: string): Uint8Array {
  return png(encode(text, { ecc: 'L', border: 0 }).data, { scale: 4, border: 4 });
}

/** Black squares on white as a PNG (https://www.w3.org/TR/png/), `scale` pixels a square, `border` squares around. */
export function png(
  rows: readonly (readonly boolean[])[],
  { scale, border }: { readonly scale: number; readonly border: number },
): Uint8Array {
  const squares = rows.length + 2 * border;
  const side = squares * scale;
  const stride = Math.ceil(side / 8);
  const lines = Buffer.alloc((stride + 1) * side);
  for (let y = 0; y < side; y++) {
    const row = rows[Math.floor(y / scale) - border];
    const start = y * (stride + 1) + 1;
    for (let x = 0; x < side; x++) {
      const light = row?.[Math.floor(x / scale) - border] !== true;
      if (light) lines[start + (x >> 3)] = (lines[start + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // One bit a pixel, grey.
  header[8] = 1;
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
