import { Fault } from '../service/faults.ts';
import type { Pump } from '../service/pump.ts';
import { keyspace, rows } from '../store/keyspace.ts';
import type { Store } from '../store/store.ts';
import type { AdjustableClock } from '../world/world.ts';

const layout = keyspace('clock', { offset: rows<[], { readonly offsetMs: number }>('offset') }).global();

export interface ClockReading {
  /** ISO 8601. */
  readonly now: string;
  readonly offsetSeconds: number;
}

/** The clock users see; moving it runs everything that falls due on the way, in order, and keeps the offset. */
export interface VirtualClock {
  read(): ClockReading;
  /** `{advanceSeconds}` or `{set}` (ISO 8601 or milliseconds since the epoch); time does not go back. */
  move(request: Readonly<Record<string, unknown>>): Promise<void>;
}

function targetOf(request: Readonly<Record<string, unknown>>, nowMs: number): number {
  const { advanceSeconds, set } = request;
  if (typeof advanceSeconds === 'number' && Number.isFinite(advanceSeconds) && set === undefined) {
    return nowMs + advanceSeconds * 1000;
  }
  if ((typeof set === 'string' || typeof set === 'number') && advanceSeconds === undefined) {
    const at = new Date(set).getTime();
    if (Number.isFinite(at)) return at;
  }
  throw new Fault('BadRequest', 'The body is {"advanceSeconds": number} or {"set": ISO 8601 time}.', {}, 400);
}

/** Reads the stored offset, so that a restart goes on at the virtual time it stopped at. */
export async function openVirtualClock(
  store: Store,
  clock: AdjustableClock,
  pump: Pump,
): Promise<VirtualClock> {
  clock.setOffset((await layout.offset.get(store, []))?.offsetMs ?? 0);
  let moving: Promise<void> = Promise.resolve();

  async function move(request: Readonly<Record<string, unknown>>): Promise<void> {
    // One reading of the machine's clock: with two, an hour would now and then be a millisecond short.
    const realMs = clock.realNow();
    const targetMs = targetOf(request, realMs + clock.offsetMs());
    const offsetMs = targetMs - realMs;
    if (offsetMs < clock.offsetMs())
      throw new Fault('BadRequest', 'The virtual clock does not go back.', {}, 400);
    await pump.advance(targetMs, (nowMs) => clock.setOffset(nowMs - clock.realNow()));
    // The machine's clock went on while the jobs ran; the users' must not lose that time.
    clock.setOffset(offsetMs);
    await store.transact(async (tx) => layout.offset.set(tx, [], { offsetMs }));
  }

  return {
    read: () => ({ now: new Date(clock.now()).toISOString(), offsetSeconds: clock.offsetMs() / 1000 }),
    move: (request) => {
      const turn = moving.then(() => move(request));
      // The next move waits for this one; its failure is this caller's alone.
      moving = turn.catch(() => undefined);
      return turn;
    },
  };
}
