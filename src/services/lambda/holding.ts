import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import type { FunctionVersion } from './layout.ts';

/** A version holds its code and its layers' code: a layer that is deleted goes on under the functions that use it. */
export async function holdVersion(ctx: Context, tx: Transaction, version: FunctionVersion): Promise<void> {
  await ctx.blobs.retain(tx, version.code);
  for (const layer of version.layers) await ctx.blobs.retain(tx, layer.code);
}

export async function releaseVersion(ctx: Context, tx: Transaction, version: FunctionVersion): Promise<void> {
  await ctx.blobs.release(tx, version.code);
  for (const layer of version.layers) await ctx.blobs.release(tx, layer.code);
}

/** Lets a worker stand by for a function that was just made or changed: its first invocation comes soon. */
export function warmUp(ctx: Context, version: FunctionVersion): void {
  ctx.ports.runtimes.prepare(version);
}
