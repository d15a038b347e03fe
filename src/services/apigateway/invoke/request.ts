import { parseQueryString } from '../../../wire/query-string.ts';

/** Headers between two hops only, and the length, which the integration's own request has again. */
const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** What a request showed. */
export interface RequestFacts {
  readonly method: string;
  /** The whole path as sent, the stage's own part included. */
  readonly path: string;
  readonly query: string;
  readonly host: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as the client spelled them. */
  readonly rawHeaders: readonly string[];
  readonly httpVersion: string;
  readonly sourceIp: string;
  /** Base URL the client used. */
  readonly origin: string;
}

/** A request to an API, its parts read when they are asked for. */
export class GatewayRequest {
  readonly facts: RequestFacts;
  /** After the stage, as sent: `/pets/1`. */
  readonly path: string;
  readonly body: Uint8Array;
  readonly traceId: string;
  #headers: Record<string, string> | undefined;
  #multiHeaders: Record<string, string[]> | undefined;
  #query: Map<string, string[]> | undefined;
  #text: string | undefined;

  constructor(facts: RequestFacts, path: string, body: Uint8Array, traceId: string) {
    this.facts = facts;
    this.path = path;
    this.body = body;
    this.traceId = traceId;
  }

  get method(): string {
    return this.facts.method;
  }

  header(name: string): string | undefined {
    const { headers } = this.facts;
    const key = name.toLowerCase();
    return Object.hasOwn(headers, key) ? headers[key] : undefined;
  }

  /** As the client spelled them, the last of repeated ones, with those API Gateway adds. */
  get headers(): Readonly<Record<string, string>> {
    if (this.#headers === undefined) this.#readHeaders();
    return this.#headers as Record<string, string>;
  }

  get multiHeaders(): Readonly<Record<string, readonly string[]>> {
    if (this.#multiHeaders === undefined) this.#readHeaders();
    return this.#multiHeaders as Record<string, string[]>;
  }

  #readHeaders(): void {
    // Clients name headers as they like: nothing is inherited here.
    const single = Object.create(null) as Record<string, string>;
    const multi = Object.create(null) as Record<string, string[]>;
    const { rawHeaders } = this.facts;
    const forwarded: string[] = [];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] as string;
      const value = rawHeaders[at + 1] as string;
      const lower = name.toLowerCase();
      if (lower === 'x-forwarded-for') forwarded.push(value);
      if (HOP_BY_HOP.has(lower) || GIVEN.has(lower)) continue;
      single[name] = value;
      const known = multi[name];
      if (known === undefined) multi[name] = [value];
      else known.push(value);
    }
    const add = (name: string, value: string) => {
      single[name] = value;
      multi[name] = [value];
    };
    const { origin } = this.facts;
    add('X-Amzn-Trace-Id', this.traceId);
    add('X-Forwarded-For', [...forwarded, this.facts.sourceIp].join(', '));
    add('X-Forwarded-Port', portOf(origin));
    add('X-Forwarded-Proto', origin.startsWith('https') ? 'https' : 'http');
    this.#headers = single;
    this.#multiHeaders = multi;
  }

  /** Decoded; a query that is not UTF-8 counts as none. */
  get query(): ReadonlyMap<string, readonly string[]> {
    this.#query ??= parseQueryString(this.facts.query) ?? new Map();
    return this.#query;
  }

  get singleQuery(): Readonly<Record<string, string>> | null {
    if (this.query.size === 0) return null;
    return Object.fromEntries([...this.query].map(([name, values]) => [name, values.at(-1) ?? '']));
  }

  get multiQuery(): Readonly<Record<string, readonly string[]>> | null {
    return this.query.size === 0 ? null : Object.fromEntries(this.query);
  }

  get text(): string {
    const { buffer, byteOffset, length } = this.body;
    this.#text ??= Buffer.from(buffer, byteOffset, length).toString('utf8');
    return this.#text;
  }
}

/** Headers API Gateway writes itself. */
const GIVEN = new Set(['x-amzn-trace-id', 'x-forwarded-for', 'x-forwarded-port', 'x-forwarded-proto']);

function portOf(origin: string): string {
  return /:(\d+)$/.exec(origin)?.[1] ?? (origin.startsWith('https') ? '443' : '80');
}
