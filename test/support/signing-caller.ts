import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { ProtocolName } from '../../src/model/model.ts';
import { type SigningCredentials, signRequest } from '../../src/wire/sigv4-client.ts';
import { clientRequest } from './client-encoder.ts';
import type { AskedOperation } from './operation-inputs.ts';

/** What a service answered, as far as every protocol says it. */
export interface WireAnswer {
  readonly status: number;
  /** The error's code; empty where there is none. */
  readonly code: string;
  readonly text: string;
  readonly requestId: string;
}

const agent = new Agent({ keepAlive: true });

/** Sends an operation as a client of its service would, signed, over HTTP; nothing is tried twice. */
export function callSigned(
  port: number,
  credentials: SigningCredentials,
  { model, operation, input }: Pick<AskedOperation, 'model' | 'operation' | 'input'>,
  protocol?: ProtocolName,
): Promise<WireAnswer> {
  const { method, path, query, headers, body } = clientRequest(model, operation, input, protocol);
  const { endpointPrefix, signingName = endpointPrefix } = model.metadata;
  const signed = signRequest(
    { method, path, query, headers: { ...headers, host: `127.0.0.1:${port}` }, body },
    { credentials, region: 'us-east-1', service: signingName, nowMs: Date.now() },
  );
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        method,
        path: query === '' ? path : `${path}?${query}`,
        headers: { ...signed, 'content-length': Buffer.byteLength(body) },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          const { statusCode: status = 0, headers: answered } = incoming;
          resolve({ status, code: codeOf(answered, text), text, requestId: requestIdOf(answered) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function closeConnections(): void {
  agent.destroy();
}

function codeOf(headers: IncomingHttpHeaders, text: string): string {
  const named = headers['x-amzn-errortype'];
  if (named !== undefined) return String(named).split(':')[0] as string;
  const [, found = ''] =
    /<Code>([^<]*)<\/Code>|"__type":"(?:[^"#]*#)?([^"]*)"/.exec(text)?.filter(Boolean) ?? [];
  return found;
}

function requestIdOf(headers: IncomingHttpHeaders): string {
  return String(headers['x-amzn-requestid'] ?? headers['x-amz-request-id'] ?? '');
}
