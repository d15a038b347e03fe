import { invalidToken } from './token.ts';

/** Where an event stands in its stream: by time, then as it came. */
export interface Position {
  readonly timestampMs: number;
  /** Of the run that holds it. */
  readonly sequence: number;
  /** In the run. */
  readonly index: number;
}

export function compare(a: Position, b: Position): number {
  return a.timestampMs - b.timestampMs || a.sequence - b.sequence || a.index - b.index;
}

const TIME_DIGITS = 16;
const STREAM_DIGITS = 22;
const SEQUENCE_DIGITS = 12;
const INDEX_DIGITS = 6;

/** 56 digits, as AWS's event ids have: time, stream, sequence, index. Equal for one event, different for two. */
export function eventId(streamId: string, position: Position): string {
  const stream = BigInt(`0x${streamId.replaceAll('-', '')}`) % 10n ** BigInt(STREAM_DIGITS);
  return [
    String(position.timestampMs).padStart(TIME_DIGITS, '0'),
    String(stream).padStart(STREAM_DIGITS, '0'),
    String(position.sequence).padStart(SEQUENCE_DIGITS, '0'),
    String(position.index).padStart(INDEX_DIGITS, '0'),
  ].join('');
}

export function positionOf(id: string): Position {
  if (!/^\d{56}$/.test(id)) throw invalidToken();
  const sequenceAt = TIME_DIGITS + STREAM_DIGITS;
  return {
    timestampMs: Number(id.slice(0, TIME_DIGITS)),
    sequence: Number(id.slice(sequenceAt, sequenceAt + SEQUENCE_DIGITS)),
    index: Number(id.slice(sequenceAt + SEQUENCE_DIGITS)),
  };
}
