import type { Store } from '../../store/store.ts';
import { rowsOf } from './content.ts';
import type { QueueRow } from './layout.ts';
import type { QueueName } from './queue.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const MOST_IN_FLIGHT = 120_000;
/**
 * A tenant of a standard queue is noisy while so many of its messages are in flight and they are more than this share
 * of all. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
 */
const NOISY_LEAST = 30;
const NOISY_SHARE = 0.1;
/** How often those whose visibility timeout has ended are looked for; virtual milliseconds. */
const SWEEP_MS = 1_000;
const PAGE = 2_000;

interface Flight {
  readonly untilMs: number;
  readonly group: string | undefined;
}

/**
 * What of one queue is in flight, as far as this process knows: read off the index once, then kept up by who receives
 * and deletes. Approximate, as AWS's own count is.
 */
export class Flights {
  readonly #flights = new Map<string, Flight>();
  readonly #groups = new Map<string, number>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  took(key: string, group: string | undefined, untilMs: number): void {
    this.landed(key);
    this.#flights.set(key, { untilMs, group });
    if (group !== undefined) this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
  }

  landed(key: string): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    this.#flights.delete(key);
    if (flight.group === undefined) return;
    const left = (this.#groups.get(flight.group) ?? 1) - 1;
    if (left === 0) this.#groups.delete(flight.group);
    else this.#groups.set(flight.group, left);
  }

  /** Whether nothing more may be received. */
  isFull(nowMs: number): boolean {
    if (this.#flights.size < MOST_IN_FLIGHT) return false;
    this.#sweep(nowMs);
    return this.#flights.size >= MOST_IN_FLIGHT;
  }

  /** Groups whose messages others' are given out before. */
  noisy(nowMs: number): ReadonlySet<string> | undefined {
    if (this.#flights.size < NOISY_LEAST) return undefined;
    this.#sweep(nowMs);
    let found: Set<string> | undefined;
    for (const [group, count] of this.#groups) {
      if (count >= NOISY_LEAST && count > NOISY_SHARE * this.#flights.size) {
        found ??= new Set();
        found.add(group);
      }
    }
    return found;
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_MS) return;
    this.#sweptAtMs = nowMs;
    for (const [key, { untilMs }] of this.#flights) if (untilMs <= nowMs) this.landed(key);
  }
}

const clouds = new WeakMap<Store, Map<string, Promise<Flights>>>();
/** Queues remembered at a time; one that is forgotten is read again. */
const MOST_QUEUES = 1_000;

export function flightsOf(store: Store, name: QueueName, queue: QueueRow, nowMs: number): Promise<Flights> {
  let queues = clouds.get(store);
  if (queues === undefined) clouds.set(store, (queues = new Map()));
  let flights = queues.get(queue.contentId);
  if (flights === undefined) {
    if (queues.size >= MOST_QUEUES) queues.clear();
    const reading = readFlights(store, name, queue, nowMs);
    const { contentId } = queue;
    const known = queues;
    reading.catch(() => known.delete(contentId));
    queues.set(contentId, (flights = reading));
  }
  return flights;
}

/** The flights of a queue that was received from before, for what has landed. */
export async function landed(store: Store, contentId: string, keys: readonly string[]): Promise<void> {
  const flights = await clouds.get(store)?.get(contentId);
  for (const key of keys) flights?.landed(key);
}

async function readFlights(store: Store, name: QueueName, queue: QueueRow, nowMs: number): Promise<Flights> {
  const { due, groups } = rowsOf(name);
  const { contentId, fifo } = queue;
  const flights = new Flights();
  if (fifo) {
    for (const { key, value } of await groups.all(store, [contentId])) {
      for (const [message, untilMs] of Object.entries(value.inFlight)) {
        if (untilMs > nowMs) flights.took(message, key[1], untilMs);
      }
    }
    return flights;
  }
  let after: [string, number, string] | undefined = [contentId, nowMs, '\u{10FFFF}'];
  do {
    const page: Awaited<ReturnType<typeof due.page>> = await due.page(store, [contentId], {
      limit: PAGE,
      after,
    });
    for (const { key, value } of page.rows) {
      if (value.receives > 0) flights.took(key[2], value.group, key[1]);
    }
    after = page.next;
  } while (after !== undefined);
  return flights;
}
