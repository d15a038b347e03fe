import { createHmac, timingSafeEqual } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Context } from '../../service/context.ts';
import type { FrontDoor, FrontDoorRequest } from '../../service/front-door.ts';
import type { BlobRef } from '../../store/blobs.ts';
import { layout } from './layout.ts';

const PATH = '/_aws/lambda-code/';
/** AWS's addresses last ten minutes. */
const LIFETIME_MS = 600_000;

/** An address that hands out the zip to whoever knows it, for ten minutes. */
export async function codeLocation(ctx: Context, code: BlobRef): Promise<string> {
  const secret = await secretOf(ctx);
  const expiresAtMs = ctx.world.clock.now() + LIFETIME_MS;
  const name = `${code.sha256}-${code.size}-${expiresAtMs}`;
  return `${ctx.endpoint}${PATH}${name}-${sign(secret, name)}.zip`;
}

function sign(secret: string, name: string): string {
  return createHmac('sha256', secret).update(name).digest('hex');
}

/** One secret for the whole cloud: the address names no account. */
async function secretOf(ctx: Context): Promise<string> {
  const { keys } = layout.global();
  const known = await keys.get(ctx.store, ['code-location']);
  if (known !== undefined) return known.secret;
  const secret = Buffer.from(ctx.world.random.bytes(32)).toString('hex');
  return ctx.transact(async (tx) => {
    const existing = await keys.get(tx, ['code-location']);
    if (existing !== undefined) return existing.secret;
    keys.set(tx, ['code-location'], { secret });
    return secret;
  });
}

async function serve(request: FrontDoorRequest, ctx: Context): Promise<void> {
  const { response } = request;
  const match = /^([0-9a-f]{64})-(\d+)-(\d+)-([0-9a-f]{64})\.zip$/.exec(request.path.slice(PATH.length));
  const refuse = (status: number) => {
    response.writeHead(status, { 'content-length': '0' });
    response.end();
  };
  if (match === null || (request.method !== 'GET' && request.method !== 'HEAD')) return refuse(403);
  const [, sha256 = '', size = '', expiresAtMs = '', signature = ''] = match;
  const expected = sign(await secretOf(ctx), `${sha256}-${size}-${expiresAtMs}`);
  const genuine = timingSafeEqual(Buffer.from(expected), Buffer.from(signature));
  if (!genuine || Number(expiresAtMs) < ctx.world.clock.now()) return refuse(403);
  const ref = { sha256, size: Number(size) };
  if (!(await ctx.blobs.held(ctx.store, ref))) return refuse(404);
  response.writeHead(200, { 'content-type': 'application/zip', 'content-length': size });
  if (request.method === 'HEAD') response.end();
  else await pipeline(ctx.blobs.open(ref), response);
}

export const codeDoor: FrontDoor = { name: 'lambda-code', paths: [PATH], handle: serve };
