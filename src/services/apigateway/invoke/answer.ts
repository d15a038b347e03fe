import type { ServerResponse } from 'node:http';

/** What goes back to the client. */
export interface Answer {
  status: number;
  headers: HeaderList;
  body: string | Uint8Array;
}

/** Headers by name without regard to case, each spelled as it was first set. */
export class HeaderList {
  readonly #entries = new Map<string, { readonly name: string; readonly values: string[] }>();

  set(name: string, value: string | readonly string[]): void {
    const values = typeof value === 'string' ? [value] : [...value];
    this.#entries.set(name.toLowerCase(), { name, values });
  }

  append(name: string, value: string): void {
    const known = this.#entries.get(name.toLowerCase());
    if (known === undefined) this.set(name, value);
    else known.values.push(value);
  }

  has(name: string): boolean {
    return this.#entries.has(name.toLowerCase());
  }

  get(name: string): string | undefined {
    return this.#entries.get(name.toLowerCase())?.values.join(', ');
  }

  delete(name: string): void {
    this.#entries.delete(name.toLowerCase());
  }

  *[Symbol.iterator](): Generator<readonly [string, readonly string[]]> {
    for (const { name, values } of this.#entries.values()) yield [name, values];
  }
}

/** Headers of an integration's answer that are the gateway's own to write, kept under another name. */
const REMAPPED = new Set([
  'authorization',
  'connection',
  'content-md5',
  'date',
  'expect',
  'host',
  'max-forwards',
  'proxy-authenticate',
  'server',
  'trailer',
  'upgrade',
  'user-agent',
  'www-authenticate',
]);
const DROPPED = new Set(['content-length', 'transfer-encoding', 'keep-alive']);
const VALID_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Adds a header of an integration's answer.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
 */
export function addIntegrationHeader(headers: HeaderList, name: string, value: string): void {
  const lower = name.toLowerCase();
  if (DROPPED.has(lower) || !VALID_NAME.test(name)) return;
  headers.append(REMAPPED.has(lower) ? `x-amzn-Remapped-${name}` : name, value.replace(/[\r\n]+/g, ' '));
}

/** A header's value as Node takes it: UTF-8 as its bytes, no control characters. */
function onTheWire(value: string): string {
  // Nearly all values are plain, and this is on the way of every answer.
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, ' ');
}

/** Writes the answer out; `method` HEAD gets no body. */
export function writeAnswer(response: ServerResponse, answer: Answer, method: string): void {
  const { status, headers, body } = answer;
  for (const [name, values] of headers) {
    if (name.toLowerCase() === 'content-length' || !VALID_NAME.test(name)) continue;
    response.setHeader(name, values.length === 1 ? onTheWire(values[0] as string) : values.map(onTheWire));
  }
  if (status !== 204 && status !== 304)
    response.setHeader('Content-Length', typeof body === 'string' ? Buffer.byteLength(body) : body.length);
  response.writeHead(status);
  response.end(method === 'HEAD' || status === 204 || status === 304 ? undefined : body);
}
