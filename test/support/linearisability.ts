/**
 * Checks recorded histories against a sequential model, after Wing and Gong ("Testing and Verifying Concurrent
 * Objects", 1993) with the memory of states already tried that Lowe added ("Testing for Linearizability", 2017).
 */
export interface Operation<Action> {
  /** What was asked and, if it was answered, what the answer was. */
  readonly action: Action;
  readonly calledAt: number;
  /** Infinite when no answer came: it may have happened at any time since, or never. */
  readonly returnedAt: number;
}

export interface Model<State, Action> {
  readonly initial: State;
  /** The state after the action; undefined when the action cannot have had its answer in this state. */
  step(state: State, action: Action): State | undefined;
  /** Equal for equal states. */
  nameOf(state: State): string;
}

/** A call or a return in the list of all of them, by time. */
interface Event {
  readonly operation: number;
  /** Of a call: its return. */
  readonly match: Event | undefined;
  readonly isPending: boolean;
  before: Event | undefined;
  after: Event | undefined;
}

interface Choice<State> {
  readonly event: Event;
  readonly state: State;
}

/** Whether the operations can be put in an order that fits the model and their times. */
export function isLinearisable<State, Action>(
  model: Model<State, Action>,
  history: readonly Operation<Action>[],
): boolean {
  const head: Event = {
    operation: -1,
    match: undefined,
    isPending: false,
    before: undefined,
    after: undefined,
  };
  link(head, eventsOf(history));
  const tried = new Set<string>();
  const chosen: Choice<State>[] = [];
  let state = model.initial;
  let done = 0n;
  let event = head.after;
  while (event !== undefined) {
    if (event.match !== undefined) {
      const { action } = history[event.operation] as Operation<Action>;
      const next = model.step(state, action);
      const nextDone = done | (1n << BigInt(event.operation));
      const name = next === undefined ? '' : `${nextDone.toString(36)} ${model.nameOf(next)}`;
      if (next !== undefined && !tried.has(name)) {
        tried.add(name);
        chosen.push({ event, state });
        state = next;
        done = nextDone;
        lift(event);
        event = head.after;
      } else event = event.after;
    } else if (event.isPending) {
      // Only what was never answered is left.
      return true;
    } else {
      const last = chosen.pop();
      if (last === undefined) return false;
      ({ state, event } = last);
      done &= ~(1n << BigInt(event.operation));
      unlift(event);
      event = event.after;
    }
  }
  return true;
}

function eventsOf<Action>(history: readonly Operation<Action>[]): readonly Event[] {
  const timed = history.flatMap(({ calledAt, returnedAt }, operation) => {
    const isPending = returnedAt === Number.POSITIVE_INFINITY;
    const returned: Event = { operation, match: undefined, isPending, before: undefined, after: undefined };
    const called: Event = { operation, match: returned, isPending, before: undefined, after: undefined };
    return [
      { event: called, at: calledAt },
      { event: returned, at: returnedAt },
    ];
  });
  return timed.sort((a, b) => (a.at === b.at ? 0 : a.at - b.at)).map(({ event }) => event);
}

function link(head: Event, events: readonly Event[]): void {
  let last = head;
  for (const event of events) {
    last.after = event;
    event.before = last;
    last = event;
  }
}

function remove(event: Event): void {
  if (event.before !== undefined) event.before.after = event.after;
  if (event.after !== undefined) event.after.before = event.before;
}

function restore(event: Event): void {
  if (event.before !== undefined) event.before.after = event;
  if (event.after !== undefined) event.after.before = event;
}

/** Takes a call and its return out of the list. */
function lift(call: Event): void {
  remove(call);
  if (call.match !== undefined) remove(call.match);
}

/** Puts them back where they were; the last taken out comes first. */
function unlift(call: Event): void {
  if (call.match !== undefined) restore(call.match);
  restore(call);
}
