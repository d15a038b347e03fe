import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { assert } from '../base/assert.ts';
import type { World } from '../world/world.ts';
import type { Received, Vault } from './blobs.ts';

interface Held extends Received {
  readonly bytes: Uint8Array;
}

/** Keeps bytes in memory. */
export class MemoryVault implements Vault<Held> {
  readonly #world: World;
  readonly #places = new Map<string, Held & { readonly sinceMs: number }>();
  #last = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async receive(content: Readable | Uint8Array): Promise<Held> {
    const chunks: Uint8Array[] = content instanceof Uint8Array ? [content] : [];
    if (!(content instanceof Uint8Array)) for await (const chunk of content) chunks.push(chunk as Uint8Array);
    const bytes = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { ref: { sha256, size: bytes.length }, bytes };
  }

  async keep(received: Held): Promise<string> {
    const place = `${++this.#last}`;
    this.#places.set(place, { ...received, sinceMs: this.#world.clock.realNow() });
    return place;
  }

  async discard(): Promise<void> {}

  read(place: string, start: number, end: number): Readable {
    const held = this.#places.get(place);
    assert(held !== undefined, `no bytes at ${place}`);
    return Readable.from(start < end ? [held.bytes.subarray(start, end)] : [], { objectMode: false });
  }

  async remove(place: string): Promise<void> {
    this.#places.delete(place);
  }

  async *olderThan(realMs: number): AsyncGenerator<{ sha256: string; place: string }> {
    for (const [place, { ref, sinceMs }] of this.#places) {
      if (sinceMs < realMs) yield { sha256: ref.sha256, place };
    }
  }
}
