import type { Context } from '../../service/context.ts';
import type { Store } from '../../store/store.ts';
import { Bell } from './bell.ts';
import { layout } from './layout.ts';
import { sourceKind } from './mapping.ts';

interface Watch {
  readonly cancel: () => void;
  readonly service: string;
  readonly sourceArn: string;
  readonly root: Context;
  readonly wake: () => void;
}

/**
 * Wakes polls: a commit that touches a mapping's source rings the bell of the poll that is under way, or writes one,
 * unless one is waiting already. Between two changes nothing runs, so an idle mapping costs nothing, and moving the
 * virtual clock does not poll.
 */
export class Pollers {
  readonly #watches = new Map<string, Watch>();
  readonly #waiting = new Set<string>();
  readonly #bells = new Map<string, Bell>();
  /** When the next poll is due of those that wait for time alone. */
  readonly #later = new Map<string, number>();
  #root: Context | undefined;

  /** Resumes the mappings of every account: what came while nobody watched is found by a first poll. */
  async start(root: Context): Promise<void> {
    this.#root = root;
    for (const { key, value } of await layout.global().pollers.all(root.store, [])) {
      const [account, region, uuid] = key;
      await this.watch(root.as({ account, region }), uuid, value.sourceArn);
    }
  }

  stop(): void {
    for (const { cancel } of this.#watches.values()) cancel();
    this.#watches.clear();
  }

  /** Watches a mapping's source from now on, and polls it once. */
  async watch(ctx: Context, uuid: string, sourceArn: string): Promise<void> {
    this.forget(uuid);
    const root = (this.#root ?? ctx).as({ account: ctx.account, region: ctx.region });
    const wake = () => this.#wake(root, uuid);
    const service = sourceKind(sourceArn) === 'queue' ? 'sqs' : 'dynamodbstreams';
    const cancel = await root.watchResource(service, sourceArn, wake);
    if (cancel !== undefined) this.#watches.set(uuid, { cancel, service, sourceArn, root, wake });
    wake();
  }

  /** Watches anew what a source's rows are by now: a purged queue's are others. */
  async follow(uuid: string): Promise<void> {
    const watch = this.#watches.get(uuid);
    if (watch?.service !== 'sqs') return;
    const cancel = await watch.root.watchResource(watch.service, watch.sourceArn, watch.wake);
    if (this.#watches.get(uuid) !== watch) {
      cancel?.();
      return;
    }
    watch.cancel();
    if (cancel === undefined) this.#watches.delete(uuid);
    else this.#watches.set(uuid, { ...watch, cancel });
  }

  forget(uuid: string): void {
    this.#watches.get(uuid)?.cancel();
    this.#watches.delete(uuid);
  }

  /**
   * Runs a poll, which hears by the bell what comes from now on. Where one is under way already, rings its bell and
   * answers undefined.
   */
  async run<T>(ctx: Context, uuid: string, poll: (bell: Bell) => Promise<T>): Promise<T | undefined> {
    this.#waiting.delete(uuid);
    if ((this.#later.get(uuid) ?? Number.POSITIVE_INFINITY) <= ctx.world.clock.now())
      this.#later.delete(uuid);
    const underWay = this.#bells.get(uuid);
    if (underWay !== undefined) {
      underWay.ring();
      return undefined;
    }
    const bell = new Bell(ctx.world.timers);
    this.#bells.set(uuid, bell);
    try {
      return await poll(bell);
    } finally {
      this.#bells.delete(uuid);
      // Rung between the poll's last look and now.
      if (bell.rung) this.#wake((this.#root ?? ctx).as({ account: ctx.account, region: ctx.region }), uuid);
    }
  }

  /** Writes a poll that is due after a while, unless one is that is due sooner. */
  async pollLater(ctx: Context, uuid: string, delayMs: number): Promise<void> {
    if (!Number.isFinite(delayMs)) return;
    const dueAtMs = Math.ceil(ctx.world.clock.now() + delayMs);
    if ((this.#later.get(uuid) ?? Number.POSITIVE_INFINITY) <= dueAtMs) return;
    this.#later.set(uuid, dueAtMs);
    await ctx.transact(async (tx) => {
      ctx.enqueue(tx, { kind: 'poll', payload: { uuid }, dueAtMs, shard: `mapping:${uuid}` });
    });
  }

  #wake(ctx: Context, uuid: string): void {
    const bell = this.#bells.get(uuid);
    if (bell !== undefined) {
      bell.ring();
      return;
    }
    if (this.#waiting.has(uuid)) return;
    this.#waiting.add(uuid);
    ctx
      .transact(async (tx) => {
        ctx.enqueue(tx, { kind: 'poll', payload: { uuid }, shard: `mapping:${uuid}` });
      })
      .catch((error: unknown) => {
        this.#waiting.delete(uuid);
        ctx.log('error', 'a poll could not be written', { uuid, error: String(error) });
      });
  }
}

const clouds = new WeakMap<Store, Pollers>();

/** The pollers of the cloud that `ctx` belongs to. */
export function pollersOf(ctx: Context): Pollers {
  let pollers = clouds.get(ctx.store);
  if (pollers === undefined) {
    pollers = new Pollers();
    clouds.set(ctx.store, pollers);
  }
  return pollers;
}
