/** Whether `JSON.stringify` has met a `RawJson` since `stringifyPlain` last asked. */
let met = false;

/**
 * JSON text spliced verbatim into an answer of a JSON protocol, wherever a value could stand. DynamoDB stores items as
 * the text it answers with, and so neither parses nor prints them on the way out.
 */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): null {
    met = true;
    return null;
  }
}

/** More than the head of any answer of a JSON protocol needs. */
export const HEAD_ROOM = 512;

/** A whole answer of a JSON protocol, as the bytes it leaves as: all of `bytes` behind {@link HEAD_ROOM}. */
export class RawAnswer {
  readonly body: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.body = bytes.subarray(HEAD_ROOM);
  }
}

/** `JSON.stringify`, or undefined when the value holds what it cannot print as it stands: raw text or a bigint. */
export function stringifyPlain(value: unknown): string | undefined {
  met = false;
  try {
    const text = JSON.stringify(value);
    return met ? undefined : text;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
