import { promisify } from 'node:util';
import { deflate, gunzip, gzip, inflate } from 'node:zlib';
import type { Answer } from './answer.ts';
import type { CompiledStage } from './exchange.ts';
import { Refusal } from './refusal.ts';

const MOST_BODY = 10 * 1024 * 1024;
const CODINGS = {
  gzip: { pack: promisify<Uint8Array, Buffer>(gzip), unpack: promisify(gunzip) },
  deflate: { pack: promisify<Uint8Array, Buffer>(deflate), unpack: promisify(inflate) },
} as const;

function codingOf(text: string | undefined): keyof typeof CODINGS | undefined {
  if (text === undefined) return undefined;
  return text.includes('gzip') ? 'gzip' : text.includes('deflate') ? 'deflate' : undefined;
}

/**
 * Compresses an answer, for APIs that ask for it, clients that accept it, and bodies that are long enough.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
 */
export async function compressAnswer(
  { api }: CompiledStage,
  acceptEncoding: string | undefined,
  answer: Answer,
): Promise<void> {
  const coding = codingOf(acceptEncoding);
  if (api.minimumCompressionSize === undefined || coding === undefined) return;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  if (body.length < api.minimumCompressionSize || body.length === 0) return;
  if (answer.headers.has('content-encoding')) return;
  answer.body = await CODINGS[coding].pack(body);
  answer.headers.set('Content-Encoding', coding);
}

/** The body of a request to an API that compresses, as its integration sees it. */
export async function plainBody(
  { api }: CompiledStage,
  contentEncoding: string | undefined,
  body: Uint8Array,
): Promise<Uint8Array> {
  const coding = codingOf(contentEncoding);
  if (api.minimumCompressionSize === undefined || coding === undefined || body.length === 0) return body;
  try {
    return await CODINGS[coding].unpack(body, { maxOutputLength: MOST_BODY });
  } catch {
    throw new Refusal(
      'DEFAULT_4XX',
      400,
      'BadRequestException',
      `Unable to decompress the body of the request as ${coding}`,
    );
  }
}
