import { Agent, request } from 'node:http';
import { type SigningCredentials, signRequest } from '../wire/sigv4-client.ts';
import { parseXml, type XmlElement } from '../wire/xml-reader.ts';

export interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: SigningCredentials;
  readonly nowMs: () => number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** An error the server answered, with AWS's code. */
export class AnsweredError extends Error {
  override readonly name = 'AnsweredError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message === '' ? code : message);
    this.code = code;
  }
}

const agent = new Agent({ keepAlive: true });

/** One HTTP request, unsigned. */
export function send(
  endpoint: string,
  method: string,
  pathAndQuery: string,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array | string = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(pathAndQuery, endpoint),
      {
        method,
        headers: { ...headers, 'user-agent': 'lambent-cli', 'content-length': Buffer.byteLength(body) },
        agent,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
          }),
        );
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Calls the server as its root user, in the protocols the commands need. */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get endpoint(): string {
    return this.#options.endpoint;
  }

  /** A signed request; whatever the answer is, it is returned. */
  signed(
    service: string,
    method: string,
    path: string,
    query: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | string,
  ): Promise<Answer> {
    const { endpoint, region, credentials, nowMs } = this.#options;
    const signedHeaders = signRequest(
      { method, path, query, headers: { ...headers, host: new URL(endpoint).host }, body },
      { credentials, region, service, nowMs: nowMs() },
    );
    return send(endpoint, method, query === '' ? path : `${path}?${query}`, signedHeaders, body);
  }

  /** An AWS Query operation; the result element, or an {@link AnsweredError}. */
  async query(
    service: string,
    version: string,
    action: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<XmlElement> {
    const form = new URLSearchParams({ Action: action, Version: version, ...parameters }).toString();
    const answer = await this.signed(
      service,
      'POST',
      '/',
      '',
      { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      form,
    );
    const root = parseXml(answer.body.toString('utf8'));
    if (root === undefined)
      throw new AnsweredError('Unreadable', `the server answered ${answer.status} without XML`);
    if (answer.status >= 300) {
      const error = descend(root, 'Error');
      throw new AnsweredError(textOf(error, 'Code'), textOf(error, 'Message'));
    }
    return child(root, `${action}Result`) ?? root;
  }

  /** An AWS JSON operation; its output, or an {@link AnsweredError}. */
  async json(
    service: string,
    target: string,
    version: '1.0' | '1.1',
    input: unknown,
  ): Promise<Record<string, unknown>> {
    const answer = await this.signed(
      service,
      'POST',
      '/',
      '',
      { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
      JSON.stringify(input),
    );
    const output = JSON.parse(answer.body.toString('utf8') || '{}') as Record<string, unknown>;
    if (answer.status < 300) return output;
    const code = String(output['__type'] ?? 'Unknown').replace(/^.*#/, '');
    throw new AnsweredError(code, String(output['message'] ?? output['Message'] ?? ''));
  }
}

export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

export function children(element: XmlElement | undefined, list: string): readonly XmlElement[] {
  return child(element, list)?.children ?? [];
}

export function textOf(element: XmlElement | undefined, name: string): string {
  return child(element, name)?.text ?? '';
}

function descend(element: XmlElement, name: string): XmlElement | undefined {
  if (element.name === name) return element;
  for (const inner of element.children) {
    const found = descend(inner, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
