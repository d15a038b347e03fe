import type { QueueMessage, QueueSource } from './queue-source.ts';

/** One ReceiveMessage or DeleteMessageBatch. */
const MOST_AT_ONCE = 10;
/** A function that takes no longer gets its messages received ahead. */
const QUICK_MS = 50;
/** Messages that wait to be deleted before those who bring more have to. */
const MOST_UNDELETED = 100;

/**
 * What a poll has received and not handed on, and what it has yet to delete. Its workers share it, so that small batches
 * of a quick function need few receives and deletes.
 */
export class QueueStock {
  readonly #source: QueueSource;
  readonly #ready: QueueMessage[] = [];
  readonly #done: QueueMessage[] = [];
  #deleting: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #quick = false;

  constructor(source: QueueSource) {
    this.#source = source;
  }

  /** Whether the function took next to no time for its last batch. */
  get isQuick(): boolean {
    return this.#quick;
  }

  get isEmpty(): boolean {
    return this.#ready.length === 0;
  }

  /** Up to `limit` messages. */
  async take(limit: number): Promise<readonly QueueMessage[]> {
    if (!this.isEmpty) return this.#ready.splice(0, limit);
    // A FIFO queue's groups are held as long as their messages are: nothing is received ahead of its turn.
    const ahead = this.#quick && !this.#source.fifo;
    const received = await this.#source.receive(ahead ? Math.max(limit, MOST_AT_ONCE) : limit);
    this.#ready.push(...received.slice(limit));
    return received.slice(0, limit);
  }

  /** Deletes messages the function has dealt with, soon; throws what kept earlier ones from being deleted. */
  async remove(messages: readonly QueueMessage[], tookMs: number): Promise<void> {
    this.#quick = tookMs < QUICK_MS;
    this.#done.push(...messages);
    if (this.#done.length > 0) {
      this.#deleting ??= this.#delete().finally(() => {
        this.#deleting = undefined;
      });
    }
    if (this.#done.length > MOST_UNDELETED || this.#source.fifo) await this.#deleting;
    this.#check();
  }

  /** Resolves when all is deleted. */
  async settled(): Promise<void> {
    await this.#deleting;
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #delete(): Promise<void> {
    try {
      while (this.#done.length > 0) await this.#source.remove(this.#done.splice(0, MOST_AT_ONCE));
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}
