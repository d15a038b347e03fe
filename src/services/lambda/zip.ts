import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';

/** One file of a zip archive. */
export interface ZipEntry {
  /** Relative, with `/`, no `..`. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symlink';
  readonly executable: boolean;
  /** Bytes when unpacked, as the directory says; {@link readEntry} holds it to that. */
  readonly size: number;
  readonly compressedSize: number;
  readonly method: number;
  readonly crc: number;
  readonly offset: number;
}

/** The bytes are not a zip archive that can be unpacked safely. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const UNIX = 3;
const inflate = promisify(inflateRaw);

/**
 * The central directory of an archive. Refuses absolute paths, `..`, files below a symbolic link, encryption and
 * ZIP64. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZip(archive: Uint8Array): readonly ZipEntry[] {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = findEnd(bytes);
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) throw new ZipError('ZIP64');
  const entries: ZipEntry[] = [];
  const links = new Set<string>();
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new ZipError('bad directory');
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    if ((bytes.readUInt16LE(at + 8) & 1) !== 0) throw new ZipError('encrypted');
    const madeBy = bytes.readUInt8(at + 5);
    const mode = madeBy === UNIX ? bytes.readUInt16LE(at + 40) : 0;
    const isFolder = name.endsWith('/');
    const isLink = (mode & 0o170000) === 0o120000;
    const path = safePath(name);
    if (path !== '') {
      if (isLink) links.add(path);
      entries.push({
        path,
        kind: isFolder ? 'folder' : isLink ? 'symlink' : 'file',
        executable: (mode & 0o111) !== 0,
        method: bytes.readUInt16LE(at + 10),
        crc: bytes.readUInt32LE(at + 16),
        compressedSize: bytes.readUInt32LE(at + 20),
        size: bytes.readUInt32LE(at + 24),
        offset: bytes.readUInt32LE(at + 42),
      });
    }
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  for (const { path } of entries) {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      if (links.has(path.slice(0, slash))) throw new ZipError(`${path} is below a link`);
    }
  }
  return entries;
}

/** The end record stands before a comment of at most 64 KB. */
function findEnd(bytes: Buffer): number {
  const lowest = Math.max(0, bytes.length - 22 - 0xffff);
  for (let at = bytes.length - 22; at >= lowest; at--) {
    if (bytes.readUInt32LE(at) === END_SIGNATURE) return at;
  }
  throw new ZipError('no directory');
}

function safePath(name: string): string {
  const path = name.replaceAll('\\', '/');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || path.includes('\0') || parts.includes('..'))
    throw new ZipError(`unsafe path ${name}`);
  return parts.join('/');
}

/** One entry's bytes; never more than its directory entry says. */
export async function readEntry(archive: Uint8Array, entry: ZipEntry): Promise<Buffer> {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const { offset } = entry;
  if (offset + 30 > bytes.length || bytes.readUInt32LE(offset) !== LOCAL_SIGNATURE) {
    throw new ZipError(`${entry.path} is not where the directory says`);
  }
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  const packed = bytes.subarray(start, start + entry.compressedSize);
  let content: Buffer;
  if (entry.method === STORED) content = packed;
  else if (entry.method === DEFLATED) {
    content = await inflate(packed, { maxOutputLength: Math.max(1, entry.size) }).catch((error: Error) => {
      throw new ZipError(`${entry.path}: ${error.message}`);
    });
  } else throw new ZipError(`${entry.path}: method ${entry.method}`);
  if (content.length !== entry.size || crc32(content) !== entry.crc) {
    throw new ZipError(`${entry.path} is damaged`);
  }
  return content;
}
