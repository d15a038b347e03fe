import type { Item } from './attribute-value.ts';
import { decodeItem, encodeItem, storedSize, storedText } from './item-codec.ts';

/** An item in its stored form, decoded only when somebody looks into it. */
export class StoredItem {
  readonly bytes: Uint8Array;
  #item: Item | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  static of(item: Item): StoredItem {
    const { bytes, isNormal } = encodeItem(item);
    const stored = new StoredItem(bytes);
    if (isNormal) stored.#item = item;
    return stored;
  }

  get item(): Item {
    return (this.#item ??= decodeItem(this.bytes));
  }

  /** Bytes as DynamoDB counts them. */
  get size(): number {
    return storedSize(this.bytes);
  }

  /** JSON as the wire shows it. */
  get text(): string {
    return storedText(this.bytes);
  }
}
