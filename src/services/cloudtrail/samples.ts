import type { AuditedCall, RecordedDecision } from '../../service/audit.ts';
import type { Reader, Transaction } from '../../store/store.ts';
import { layout } from './layout.ts';

/** Data calls kept of each interval: the latest ones. What waits here outlives a collection, with all its decisions hold. */
const MOST_SAMPLES = 128;
/** Intervals kept. */
const MOST_BATCHES = 64;

/** What is kept of a call until it is written: not its body. */
export interface Sample {
  readonly call: Pick<
    AuditedCall,
    'requestId' | 'principal' | 'region' | 'service' | 'operation' | 'errorCode'
  > & { readonly ctx: Pick<AuditedCall['ctx'], 'account' | 'decisions'> };
  readonly atMs: number;
}

/** A bounded record of the latest data calls: a ring in memory, written as one row an interval. */
export class Samples {
  #ring: Sample[] = [];
  #at = 0;
  #slot = 0;

  add(call: AuditedCall, atMs: number): void {
    const { requestId, principal, region, service, operation, errorCode, ctx } = call;
    const sample: Sample = {
      call: {
        requestId,
        principal,
        region,
        service,
        operation,
        errorCode,
        ctx: { account: ctx.account, decisions: ctx.decisions },
      },
      atMs,
    };
    if (this.#ring.length < MOST_SAMPLES) this.#ring.push(sample);
    else {
      this.#ring[this.#at] = sample;
      this.#at = (this.#at + 1) % MOST_SAMPLES;
    }
  }

  take(): readonly Sample[] {
    const samples = this.#ring;
    this.#ring = [];
    this.#at = 0;
    return samples;
  }

  /** An entry that writes what was taken, over the oldest of what is kept. */
  entry(rows: readonly RecordedDecision[]): (tx: Transaction) => void {
    const slot = this.#slot;
    this.#slot = (slot + 1) % MOST_BATCHES;
    return (tx) => layout.global().samples.set(tx, [slot], rows);
  }

  async find(requestId: string, reader: Reader): Promise<RecordedDecision | undefined> {
    const { samples } = layout.global();
    const rows = await samples.all(reader, []);
    for (const { value } of rows) {
      const found = value.find((row) => row.requestId === requestId);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
