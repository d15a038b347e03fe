import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { type SigningCredentials, signRequest } from '../../src/wire/sigv4-client.ts';

export interface JsonAnswer {
  readonly status: number;
  readonly output: Record<string, unknown>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Signs and sends AWS JSON calls without retries, and tells an answer from a connection that broke. */
export class JsonClient {
  readonly #port: number;
  readonly #credentials: SigningCredentials;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(
    port: number,
    credentials: SigningCredentials = { accessKeyId: 'test', secretAccessKey: 'test' },
  ) {
    this.#port = port;
    this.#credentials = credentials;
  }

  /** `target` is `DynamoDB_20120810.PutItem`. Rejects when no whole answer came. */
  async call(service: string, target: string, input: unknown): Promise<JsonAnswer> {
    const { status, text } = await this.raw(service, target, input);
    return { status, output: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  }

  /** The same, with the answer as it came. */
  raw(service: string, target: string, input: unknown): Promise<RawAnswer> {
    const body = JSON.stringify(input);
    const headers = signRequest(
      {
        method: 'POST',
        path: '/',
        query: '',
        headers: {
          host: `127.0.0.1:${this.#port}`,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': target,
        },
        body,
      },
      { credentials: this.#credentials, region: 'us-east-1', service, nowMs: Date.now() },
    );
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          port: this.#port,
          host: '127.0.0.1',
          method: 'POST',
          path: '/',
          headers: { ...headers, 'content-length': Buffer.byteLength(body) },
          agent: this.#agent,
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('error', reject);
          incoming.on('end', () => {
            if (!incoming.complete) return reject(new Error('the answer was cut'));
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  dynamodb(operation: string, input: unknown): Promise<JsonAnswer> {
    return this.call('dynamodb', `DynamoDB_20120810.${operation}`, input);
  }

  close(): void {
    this.#agent.destroy();
  }
}
