import type { Context } from '../../service/context.ts';
import type { Transaction } from '../../store/store.ts';
import { type FunctionVersion, layout } from './layout.ts';

/** A version holds its code and its layers' code: a layer that is deleted goes on under the functions that use it. */
export async function holdVersion(ctx: Context, tx: Transaction, version: FunctionVersion): Promise<void> {
  await ctx.blobs.retain(tx, version.code);
  for (const layer of version.layers) await ctx.blobs.retain(tx, layer.code);
}

export async function releaseVersion(ctx: Context, tx: Transaction, version: FunctionVersion): Promise<void> {
  await ctx.blobs.release(tx, version.code);
  for (const layer of version.layers) await ctx.blobs.release(tx, layer.code);
}

/** Says in the log what a request set that changes nothing here. */
export function noteStored(ctx: Context, name: string, stored: readonly string[]): void {
  if (stored.length > 0) ctx.log('info', `${name}: kept, not simulated: ${stored.join(', ')}`);
}

/** Lets a worker stand by for a function that was just made or changed: its first invocation comes soon. */
export function warmUp(ctx: Context, version: FunctionVersion): void {
  if (version.image !== undefined) return;
  const missing = ctx.ports.runtimes.missing(version.runtime);
  if (missing === undefined) ctx.ports.runtimes.prepare(version);
  else ctx.log('warn', `${version.name} cannot run here: ${missing}`);
}

const NEWEST = 4;

/** The same for the functions of the default account and region that changed last. */
export async function warmUpNewest(ctx: Context): Promise<void> {
  const { functions } = layout.at(ctx.account, ctx.region);
  const all = await functions.all(ctx.store, []);
  const newest = all
    .map(({ value }) => value.latest)
    .sort((a, b) => b.lastModifiedMs - a.lastModifiedMs)
    .slice(0, NEWEST);
  for (const version of newest) warmUp(ctx, version);
}
