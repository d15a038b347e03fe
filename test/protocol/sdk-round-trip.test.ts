import { strict as assert } from 'node:assert';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import * as apigateway from '@aws-sdk/client-api-gateway';
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import * as s3 from '@aws-sdk/client-s3';
import * as sns from '@aws-sdk/client-sns';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { HttpResponse } from '@smithy/protocol-http';
import fc from 'fast-check';
import { loadModel } from '../../src/model/load.ts';
import type { OperationModel, ProtocolName, ServiceModel, ShapeRef } from '../../src/model/model.ts';
import { routeOf } from '../../src/wire/http-binding.ts';
import type { WireRequest } from '../../src/wire/protocol.ts';
import { protocolOf } from '../../src/wire/protocols.ts';
import { valuesOf } from '../support/shape-values.ts';
import { scaled } from '../support/tier.ts';

/** The SDK's own serialisers talk to our codecs without a socket: what one side says is what the other hears. */
const CLIENTS: Readonly<Record<string, object>> = {
  apigateway,
  cloudformation,
  cloudwatch,
  'cognito-idp': cognito,
  dynamodb,
  iam,
  lambda,
  logs,
  s3,
  sns,
  sqs,
  sts,
};
const RUNS = scaled(25, 1);

/** Members the client's own logic fills in, checks or rewrites. */
const NOT_COMPARED: Readonly<Record<string, readonly string[]>> = {
  apigateway: ['accepts', 'contentType', 'parameters'],
  s3: [
    'Expires',
    'ExpiresString',
    'ContentMD5',
    'ContentType',
    'ChecksumAlgorithm',
    'ChecksumCRC32',
    'ChecksumCRC32C',
    'ChecksumCRC64NVME',
    'ChecksumMD5',
    'ChecksumSHA1',
    'ChecksumSHA256',
    'ChecksumSHA512',
    'ChecksumXXHASH128',
    'ChecksumXXHASH3',
    'ChecksumXXHASH64',
    'ContentLength',
    'PartNumberMarker',
    'NextPartNumberMarker',
    'CopySource',
    'SSECustomerKey',
    'CopySourceSSECustomerKey',
  ],
  sqs: ['MD5OfMessageBody', 'MD5OfBody', 'MD5OfMessageAttributes', 'QueueUrl'],
  lambda: ['ClientContext', 'StatusCode'],
};
const NOT_CALLED: Readonly<Record<string, RegExp>> = {
  // The client has its own ideas of these: regions, sessions, streams, answers without a body.
  s3: /^(CopyObject|UploadPartCopy|CompleteMultipartUpload|CreateBucket|CreateSession|SelectObjectContent|WriteGetObjectResponse|ListDirectoryBuckets|RenameObject|GetBucketLocation|GetBucketLifecycle|PutBucketLifecycle|GetBucketNotification|PutBucketNotification)$/,
  lambda: /^(InvokeAsync|InvokeWithResponseStream)$/,
  logs: /^(StartLiveTail|GetLogObject)$/,
};

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string | string[] | null>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}
interface Command {
  new (input: unknown): object;
}
interface Client {
  send(command: object): Promise<Record<string, unknown>>;
}

function queryText(query: Request['query'] = {}): string {
  return Object.entries(query)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) =>
        one === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(one)}`,
      ),
    )
    .join('&');
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  return buffer(body as Readable);
}

function protocolOfRequest(model: ServiceModel, headers: Record<string, string>): ProtocolName {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') return 'smithy-rpc-v2-cbor';
  if (headers['x-amz-target'] !== undefined) return 'json';
  return model.metadata.protocol === 'smithy-rpc-v2-cbor' ? 'query' : model.metadata.protocol;
}

/** Comparable: plain bytes, nothing undefined. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Date || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item)]));
}

/** Reads the streams at the top of an input or output. */
async function withoutStreams(value: Record<string, unknown>): Promise<Record<string, unknown>> {
  const read = { ...value };
  for (const [name, item] of Object.entries(read))
    if (item instanceof Readable) read[name] = await buffer(item);
  return read;
}

/** What a form cannot say: an empty structure, list or map. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const entries = Object.entries(value).map(([name, item]) => [name, withoutEmpty(item)] as const);
  const kept = entries.filter(([, item]) => item !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** Drops members the installed SDK, whose version is not the models', does not know. Its schemas are nested tuples. */
function known(schema: unknown, value: unknown): unknown {
  if (typeof schema === 'function') return known(schema(), value);
  if (!Array.isArray(schema) || value === undefined) return value;
  if (typeof schema[1] !== 'string') return known(schema[0], value);
  const [kind, , , , inner, innermost] = schema as [number, string, string, unknown, unknown, unknown];
  if (kind === 1) return (value as unknown[]).map((item) => known(inner, item));
  const entries = Object.entries(value as object);
  if (kind === 2) return Object.fromEntries(entries.map(([name, item]) => [name, known(innermost, item)]));
  if (kind !== 3 && kind !== 4) return value;
  const names = inner as readonly string[];
  const schemas = innermost as readonly unknown[];
  return Object.fromEntries(
    entries.flatMap(([name, item]) =>
      names.includes(name) ? [[name, known(schemas[names.indexOf(name)], item)]] : [],
    ),
  );
}

/** An empty body is no payload. */
function withoutEmptyBody(
  model: ServiceModel,
  ref: ShapeRef | undefined,
  sides: readonly Record<string, unknown>[],
): void {
  const payload = model.shapes[ref?.shape ?? '']?.payload;
  if (payload === undefined) return;
  for (const side of sides) {
    const body = side[payload] as Uint8Array | string | null | undefined;
    if (!body || body.length === 0) delete side[payload];
  }
}

async function roundTrip(
  name: string,
  operation: OperationModel,
  operationName: string,
  input: Record<string, unknown>,
  output: Record<string, unknown>,
): Promise<void> {
  const model = loadModel(name);
  const sdk = CLIENTS[name] as Record<string, unknown>;
  const clientName = Object.keys(sdk).find((key) => /Client$/.test(key) && key !== '__Client');
  const ClientClass = sdk[clientName ?? ''] as new (config: object) => Client;
  const CommandClass = sdk[`${operationName}Command`] as Command;
  let heard: Record<string, unknown> | undefined;
  const requestHandler = {
    async handle(request: Request) {
      const query = queryText(request.query);
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key.toLowerCase(), value]),
      );
      const protocol = protocolOfRequest(model, headers);
      const body = await bytesOf(request.body);
      const wire: WireRequest = { method: request.method, path: request.path, query, headers, body };
      if (protocol.startsWith('rest')) {
        const routed = routeOf(model)(wire.method, wire.path, wire.query, wire.headers);
        assert.equal(routed?.name, operation.name);
      }
      heard = await withoutStreams(protocolOf(protocol).decodeInput(model, operation, wire));
      const answer = protocolOf(protocol).encodeOutput(model, operation, output, 'ID');
      const answered = Buffer.from(answer.body as string);
      return {
        response: new HttpResponse({
          statusCode: answer.status,
          headers: { ...answer.headers, 'content-length': String(answered.length) },
          body: Readable.from(answered.length === 0 ? [] : [answered]),
        }),
      };
    },
  };
  const client = new ClientClass({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    forcePathStyle: true,
    md5: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    disableHostPrefix: true,
    requestHandler,
  });
  const { $metadata: _metadata, ...answered } = await client.send(new CommandClass({ ...input }));
  const got = await withoutStreams(answered);
  const shape = model.shapes[operation.input?.shape ?? ''];
  for (const [member, ref] of Object.entries(shape?.members ?? {})) {
    if (ref.idempotencyToken && input[member] === undefined) delete heard?.[member];
  }
  const skipped = NOT_COMPARED[name] ?? [];
  for (const member of skipped) {
    for (const side of [heard, input, got, output]) delete side?.[member];
  }
  withoutEmptyBody(model, operation.input, [heard ?? {}, input]);
  withoutEmptyBody(model, operation.output, [got, output]);
  const ends = (value: unknown) => withoutEmpty(plain(value)) ?? {};
  assert.deepEqual(ends(heard), ends(input));
  assert.deepEqual(ends(got), ends(output));
}

for (const name of Object.keys(CLIENTS)) {
  test(`${name}: the SDK's serialisers and ours understand each other`, async () => {
    const model = loadModel(name);
    const sdk = CLIENTS[name] as Record<string, unknown>;
    const omit = (member: string) =>
      NOT_COMPARED[name]?.includes(member) === true && member !== 'CopySource' && member !== 'QueueUrl';
    const fixed = { CopySource: fc.constant('bucket/key'), Bucket: fc.constant('bucket-name') };
    let called = 0;
    for (const [operationName, operation] of Object.entries(model.operations)) {
      const callable = sdk[`${operationName}Command`] !== undefined && !NOT_CALLED[name]?.test(operationName);
      if (!callable || operation.deprecated) continue;
      called += 1;
      const schema = sdk[`${operationName}$`] as readonly unknown[];
      const nothing = fc.constant<unknown>({});
      const inputs = operation.input ? valuesOf(model, operation.input, { omit, fixed }) : nothing;
      const outputs = operation.output ? valuesOf(model, operation.output, { omit }) : nothing;
      await fc.assert(
        fc.asyncProperty(inputs, outputs, (input, output) =>
          roundTrip(
            name,
            operation,
            operationName,
            known(schema[4], input) as Record<string, unknown>,
            known(schema[5], output) as Record<string, unknown>,
          ),
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
    }
    assert.ok(called > 5);
  });
}
