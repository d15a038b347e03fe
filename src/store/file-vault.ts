import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { World } from '../world/world.ts';
import type { Received, Vault } from './blobs.ts';

interface Incoming extends Received {
  /** Small content waits in memory, a stream in a file that is already synced. */
  readonly content: Uint8Array | { readonly file: string };
}

const INCOMING = 'incoming';
const ID_LENGTH = 16;
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Bytes in files `aa/bb/<sha256>.<id>`, by the first digits of the hash. They are written under `incoming/`, synced,
 * and moved; then the folders are synced.
 */
export class FileVault implements Vault<Incoming> {
  readonly #folder: string;
  readonly #world: World;

  private constructor(folder: string, world: World) {
    this.#folder = folder;
    this.#world = world;
  }

  static async open(folder: string, world: World): Promise<FileVault> {
    await mkdir(join(folder, INCOMING), { recursive: true });
    await syncFolder(folder);
    return new FileVault(folder, world);
  }

  async receive(content: Readable | Uint8Array): Promise<Incoming> {
    const hash = createHash('sha256');
    if (content instanceof Uint8Array) {
      const sha256 = hash.update(content).digest('hex');
      return { ref: { sha256, size: content.length }, content };
    }
    let size = 0;
    const file = await this.#write(async (handle) => {
      for await (const chunk of content) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
        hash.update(bytes);
        await handle.writeFile(bytes);
        size += bytes.length;
      }
    });
    return { ref: { sha256: hash.digest('hex'), size }, content: { file } };
  }

  async keep({ ref: { sha256 }, content }: Incoming): Promise<string> {
    const file =
      content instanceof Uint8Array ? await this.#write((handle) => handle.writeFile(content)) : content.file;
    const first = sha256.slice(0, 2);
    const second = sha256.slice(2, 4);
    const place = `${first}/${second}/${sha256}.${this.#id()}`;
    const folder = join(this.#folder, first, second);
    const made = await mkdir(folder, { recursive: true });
    await rename(file, join(this.#folder, place));
    await syncFolder(folder);
    if (made !== undefined) {
      await syncFolder(dirname(folder));
      await syncFolder(this.#folder);
    }
    return place;
  }

  async discard({ content }: Incoming): Promise<void> {
    if (!(content instanceof Uint8Array)) await rm(content.file, { force: true });
  }

  read(place: string, start: number, end: number): Readable {
    if (start >= end) return Readable.from([], { objectMode: false });
    return createReadStream(join(this.#folder, place), { start, end: end - 1 });
  }

  async remove(place: string): Promise<void> {
    await rm(join(this.#folder, place), { force: true });
  }

  async *olderThan(realMs: number): AsyncGenerator<{ sha256: string | undefined; place: string }> {
    for (const entry of await readdir(this.#folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const { mtimeMs } = await stat(path).catch(gone);
      if (mtimeMs >= realMs) continue;
      const place = relative(this.#folder, path).split(sep).join('/');
      yield { sha256: place.startsWith(INCOMING) ? undefined : entry.name.split('.')[0], place };
    }
  }

  /** Writes a synced file under `incoming/`; leaves none when that fails. */
  async #write(fill: (handle: FileHandle) => Promise<void>): Promise<string> {
    const file = join(this.#folder, INCOMING, this.#id());
    const handle = await open(file, 'wx');
    try {
      await fill(handle);
      await handle.sync();
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
    return file;
  }

  #id(): string {
    return this.#world.random.id(ID_LENGTH, ID_ALPHABET);
  }
}

/** Removed while the folder was read: as new as can be. */
function gone(error: NodeJS.ErrnoException): { readonly mtimeMs: number } {
  if (error.code === 'ENOENT') return { mtimeMs: Number.POSITIVE_INFINITY };
  throw error;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
