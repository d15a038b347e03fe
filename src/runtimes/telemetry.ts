import type { Cancel, World } from '../world/world.ts';

/** What an extension may ask to be told. */
export type TelemetryKind = 'platform' | 'function' | 'extension';
const KINDS: ReadonlySet<string> = new Set(['platform', 'function', 'extension']);

export interface TelemetryEvent {
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

/** Where a subscription's events go: a port of the environment's own loopback. */
export interface Destination {
  readonly protocol: 'HTTP' | 'TCP';
  readonly port: number;
  /** Of HTTP. */
  readonly path: string;
}

interface Buffering {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface Wish {
  readonly kinds: ReadonlySet<string>;
  readonly buffering: Buffering;
  readonly destination: Destination;
}

const VERSIONS: ReadonlySet<unknown> = new Set(['2022-07-01', '2022-12-13', '2025-01-29']);
const HOSTS: ReadonlySet<string> = new Set(['sandbox.localdomain', 'sandbox']);
const BUFFERING: Readonly<Record<keyof Buffering, { least: number; most: number; usual: number }>> = {
  maxItems: { least: 1_000, most: 10_000, usual: 10_000 },
  maxBytes: { least: 262_144, most: 1_048_576, usual: 262_144 },
  timeoutMs: { least: 25, most: 30_000, usual: 1_000 },
};

/**
 * Reads a subscription; a text says what is wrong with it.
 * https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api-reference.html
 */
export function readWish(body: Uint8Array): Wish | string {
  let wish: Record<string, unknown>;
  try {
    wish = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
  } catch {
    return 'the request is not JSON';
  }
  const problems: string[] = [];
  const { schemaVersion, types } = wish;
  if (!VERSIONS.has(schemaVersion)) problems.push(`schemaVersion ${String(schemaVersion)} is not supported`);
  const kinds: readonly unknown[] = Array.isArray(types) ? types : [];
  if (kinds.length === 0) problems.push('types should not be empty');
  for (const kind of kinds) if (!KINDS.has(String(kind))) problems.push(`type ${String(kind)} is not valid`);
  const destination = readDestination(wish['destination'], problems);
  const asked = (wish['buffering'] ?? {}) as Record<string, unknown>;
  const buffer = (name: keyof Buffering) => {
    const { least, most, usual } = BUFFERING[name];
    const value = Number(asked[name] ?? usual);
    if (!(value >= least && value <= most)) problems.push(`${name} should be between ${least} and ${most}`);
    return value;
  };
  const buffering = {
    maxItems: buffer('maxItems'),
    maxBytes: buffer('maxBytes'),
    timeoutMs: buffer('timeoutMs'),
  };
  return problems.length > 0 || destination === undefined
    ? problems.join('; ')
    : { kinds: new Set(kinds.map(String)), buffering, destination };
}

function readDestination(value: unknown, problems: string[]): Destination | undefined {
  const { protocol, URI, port } = (value ?? {}) as { protocol?: unknown; URI?: unknown; port?: unknown };
  if (protocol === 'TCP') {
    if (Number.isInteger(port)) return { protocol, port: Number(port), path: '' };
    problems.push('port is not provided');
    return undefined;
  }
  if (protocol !== 'HTTP') {
    problems.push('protocol should be HTTP or TCP');
    return undefined;
  }
  if (typeof URI !== 'string' || !URL.canParse(URI)) {
    problems.push('URI is not valid');
    return undefined;
  }
  const { protocol: scheme, hostname, port: from, pathname, search } = new URL(URI);
  if (scheme !== 'http:') problems.push('URI should be of http');
  if (!HOSTS.has(hostname)) problems.push('URI host should be sandbox.localdomain');
  if (from === '') problems.push('URI port is not provided');
  return { protocol, port: Number(from), path: `${pathname}${search}` };
}

/** Hands events over; rejects when they did not arrive. */
export type Deliver = (destination: Destination, events: readonly TelemetryEvent[]) => Promise<void>;

/** One extension's events, gathered until there are enough of them or they have waited long enough. */
class Subscription {
  readonly wish: Wish;
  readonly #world: World;
  readonly #deliver: Deliver;
  #events: TelemetryEvent[] = [];
  #bytes = 0;
  #cancel: Cancel | undefined;
  /** Deliveries follow each other. */
  #last: Promise<void> = Promise.resolve();

  constructor(wish: Wish, world: World, deliver: Deliver) {
    this.wish = wish;
    this.#world = world;
    this.#deliver = deliver;
  }

  take(event: TelemetryEvent): void {
    const { maxItems, maxBytes, timeoutMs } = this.wish.buffering;
    this.#events.push(event);
    this.#bytes += sizeOf(event);
    if (this.#events.length >= maxItems || this.#bytes >= maxBytes) void this.flush();
    else this.#cancel ??= this.#world.timers.after(timeoutMs, () => void this.flush());
  }

  /** Resolves when all that was gathered has been handed over, or lost. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const events = this.#events;
    const bytes = this.#bytes;
    if (events.length > 0) {
      this.#events = [];
      this.#bytes = 0;
      this.#last = this.#last
        .then(() => this.#deliver(this.wish.destination, events))
        .catch((error: unknown) => this.#dropped(events.length, bytes, error));
    }
    return this.#last;
  }

  /** The next batch that arrives says what did not; a loss of nothing but that is not told again. */
  #dropped(droppedRecords: number, droppedBytes: number, error: unknown): void {
    const record = {
      reason: `Some logs were dropped because they could not be delivered: ${error instanceof Error ? error.message : String(error)}`,
      droppedRecords,
      droppedBytes,
    };
    this.#events.unshift({ time: timeOf(this.#world), type: 'platform.logsDropped', record });
  }
}

function sizeOf({ record }: TelemetryEvent): number {
  return 64 + (typeof record === 'string' ? record.length : JSON.stringify(record).length);
}

function timeOf(world: World): string {
  return new Date(world.clock.now()).toISOString();
}

/** Nobody waits longer for events of a start than a start may take. */
const MOST_EARLY = 1_000;

/** The telemetry of one environment. https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
export class Telemetry {
  readonly #world: World;
  readonly #deliver: Deliver;
  readonly #subscriptions = new Map<string, Subscription>();
  /** What happened before the first invocation, for those who subscribe until then. */
  #early: { readonly kind: TelemetryKind; readonly event: TelemetryEvent }[] | undefined;

  /** `expected`: there are extensions, which may subscribe. */
  constructor(world: World, deliver: Deliver, expected: boolean) {
    this.#world = world;
    this.#deliver = deliver;
    this.#early = expected ? [] : undefined;
  }

  /** Whether it is too late to subscribe. */
  get closed(): boolean {
    return this.#early === undefined;
  }

  get wanted(): boolean {
    return this.#early !== undefined || this.#subscriptions.size > 0;
  }

  subscribe(name: string, wish: Wish): void {
    this.#subscriptions.set(name, new Subscription(wish, this.#world, this.#deliver));
    for (const { kind, event } of this.#early ?? []) this.#offer(name, kind, event);
    this.emit('platform', 'platform.telemetrySubscription', {
      name,
      state: 'Subscribed',
      types: [...wish.kinds],
    });
  }

  /** From the first invocation on nobody new can subscribe. */
  close(): void {
    this.#early = undefined;
  }

  emit(kind: TelemetryKind, type: string, record: unknown): void {
    if (!this.wanted) return;
    const event = { time: timeOf(this.#world), type, record };
    if (this.#early !== undefined && this.#early.length < MOST_EARLY) this.#early.push({ kind, event });
    for (const name of this.#subscriptions.keys()) this.#offer(name, kind, event);
  }

  #offer(name: string, kind: TelemetryKind, event: TelemetryEvent): void {
    const subscription = this.#subscriptions.get(name);
    if (subscription?.wish.kinds.has(kind) === true) subscription.take(event);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.flush()));
  }
}
