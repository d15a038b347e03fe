import type { Random } from '../../src/world/world.ts';
import type { Model, Operation } from './linearisability.ts';

/** A few items of one table as registers of numbers (0 when there is no item), and what clients do with them. */
export const TABLE = 'Registers';
export const REGISTERS = 3;

export type Action =
  | { readonly kind: 'read'; readonly register: number; readonly saw: number | undefined }
  | { readonly kind: 'readAll'; readonly saw: readonly number[] | undefined }
  | {
      readonly kind: 'swap';
      readonly changes: readonly Change[];
      /** Undefined when nobody knows. */
      readonly happened: boolean | undefined;
    };

/** Expects one number and sets another. */
export interface Change {
  readonly register: number;
  readonly from: number;
  readonly to: number;
}

export const registers: Model<readonly number[], Action> = {
  initial: Array.from({ length: REGISTERS }, () => 0),
  step: (state, action) => {
    switch (action.kind) {
      case 'read':
        return action.saw === undefined || action.saw === state[action.register] ? state : undefined;
      case 'readAll':
        return action.saw === undefined || action.saw.join() === state.join() ? state : undefined;
      case 'swap': {
        const fits = action.changes.every(({ register, from }) => state[register] === from);
        if (action.happened !== undefined && action.happened !== fits) return undefined;
        if (!fits) return state;
        const next = [...state];
        for (const { register, to } of action.changes) next[register] = to;
        return next;
      }
    }
  },
  nameOf: (state) => state.join(),
};

/** Carries an operation of DynamoDB out; the code of a fault in its place. */
export type Call = (
  operation: 'GetItem' | 'UpdateItem' | 'TransactGetItems' | 'TransactWriteItems',
  input: object,
) => Promise<{ readonly fault?: string; readonly reasons?: readonly string[]; readonly output: object }>;

export interface Recorder {
  readonly history: Operation<Action>[];
  /** The next moment. */
  readonly tick: () => number;
}

type Shown = { readonly Item?: { readonly n?: { readonly N?: string } } } | undefined;

const keyOf = (register: number) => ({ id: { S: `register-${register}` } });
const numberIn = (shown: Shown) => Number(shown?.Item?.n?.N ?? 0);

function updateOf({ register, from, to }: Change) {
  return {
    TableName: TABLE,
    Key: keyOf(register),
    UpdateExpression: 'SET n = :to',
    ConditionExpression: from === 0 ? 'attribute_not_exists(id)' : 'n = :from',
    ExpressionAttributeValues: {
      ':to': { N: String(to) },
      ...(from === 0 ? {} : { ':from': { N: String(from) } }),
    },
  };
}

/** Answers that say it did not happen, for want of room and not of truth. */
const NOT_NOW: ReadonlySet<string | undefined> = new Set(['ThrottlingException', 'TransactionConflict']);

/** One client: reads registers and swaps them, by itself and in transactions, from what it saw last. */
export class RegisterClient {
  readonly #call: Call;
  readonly #random: Random;
  readonly #recorder: Recorder;
  readonly #seen = [...registers.initial];

  constructor(call: Call, random: Random, recorder: Recorder) {
    this.#call = call;
    this.#random = random;
    this.#recorder = recorder;
  }

  /** Does one thing, and records it even if `call` throws or never returns. */
  async act(): Promise<void> {
    const kind = this.#random.below(6);
    if (kind === 0) await this.#read(this.#random.below(REGISTERS));
    else if (kind === 1) await this.#readAll();
    else await this.#swap(kind < 4 ? 1 : 2);
  }

  async #read(register: number): Promise<void> {
    await this.#record({ kind: 'read', register, saw: undefined }, async () => {
      const input = { TableName: TABLE, Key: keyOf(register), ConsistentRead: true };
      const { output } = await this.#call('GetItem', input);
      const saw = numberIn(output as Shown);
      this.#seen[register] = saw;
      return { kind: 'read', register, saw };
    });
  }

  async #readAll(): Promise<void> {
    await this.#record({ kind: 'readAll', saw: undefined }, async () => {
      const gets = registers.initial.map((_, register) => ({
        Get: { TableName: TABLE, Key: keyOf(register) },
      }));
      const { output } = await this.#call('TransactGetItems', { TransactItems: gets });
      const { Responses = [] } = output as { readonly Responses?: readonly Shown[] };
      const saw = Responses.map(numberIn);
      this.#seen.splice(0, REGISTERS, ...saw);
      return { kind: 'readAll', saw };
    });
  }

  async #swap(count: number): Promise<void> {
    const first = this.#random.below(REGISTERS);
    const changes = Array.from({ length: count }, (_, index): Change => {
      const register = (first + index) % REGISTERS;
      return { register, from: this.#seen[register] ?? 0, to: 1 + this.#random.below(1_000_000_000) };
    });
    await this.#record({ kind: 'swap', changes, happened: undefined }, async () => {
      const [only] = changes;
      const { fault, reasons = [] } =
        count === 1 && only !== undefined
          ? await this.#call('UpdateItem', updateOf(only))
          : await this.#call('TransactWriteItems', {
              TransactItems: changes.map((change) => ({ Update: updateOf(change) })),
            });
      if (NOT_NOW.has(fault) || reasons.some((reason) => NOT_NOW.has(reason))) return undefined;
      const happened = fault === undefined;
      if (happened) for (const { register, to } of changes) this.#seen[register] = to;
      return { kind: 'swap', changes, happened };
    });
  }

  /** `work` returns undefined for what certainly did not happen. */
  async #record(asked: Action, work: () => Promise<Action | undefined>): Promise<void> {
    const { history, tick } = this.#recorder;
    const calledAt = tick();
    const index = history.push({ action: asked, calledAt, returnedAt: Number.POSITIVE_INFINITY }) - 1;
    const action = await work();
    const nothing: Action = { kind: 'read', register: 0, saw: undefined };
    history[index] = { action: action ?? nothing, calledAt, returnedAt: tick() };
  }
}
