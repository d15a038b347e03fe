import type { Context } from '../../../service/context.ts';
import type { KeyRange, Store } from '../../../store/store.ts';
import { definitionOf } from '../deployments.ts';
import { API_DIRECTORY, layout } from '../layout.ts';
import { compileStage } from './compile.ts';
import type { CompiledStage } from './exchange.ts';

/** A stage and the context of its owner. */
export interface ServedStage {
  readonly stage: CompiledStage;
  readonly account: string;
  readonly region: string;
}

/** A stage in memory, and how to stop following its rows. */
interface Entry {
  readonly served: Promise<ServedStage | undefined>;
  readonly stop: () => void;
}

const caches = new WeakMap<Store, Map<string, Entry>>();
const MOST_STAGES = 1000;

/**
 * The stage a request is for, compiled once and kept until its row or its API's changes; undefined when there is none,
 * or its API does not answer under this name.
 */
export function servedStage(
  ctx: Context,
  apiId: string,
  stageName: string,
): Promise<ServedStage | undefined> {
  let cache = caches.get(ctx.store);
  if (cache === undefined) caches.set(ctx.store, (cache = new Map()));
  const key = `${apiId}/${stageName}`;
  const known = cache.get(key);
  if (known !== undefined) return known.served;
  if (cache.size >= MOST_STAGES) {
    for (const { stop } of cache.values()) stop();
    cache.clear();
  }
  const stops: (() => void)[] = [];
  const stop = () => {
    for (const one of stops.splice(0)) one();
  };
  const entries = cache;
  const forget = () => {
    stop();
    if (entries.get(key) === entry) entries.delete(key);
  };
  const watch = (range: KeyRange) => stops.push(ctx.store.watch(range, forget));
  const served = load(ctx, apiId, stageName, watch);
  const entry: Entry = { served, stop };
  cache.set(key, entry);
  // What is not there, or could not be read, is looked for again.
  served.then(
    (found) => {
      if (found === undefined) forget();
    },
    () => forget(),
  );
  return served;
}

async function load(
  ctx: Context,
  apiId: string,
  stageName: string,
  watch: (range: KeyRange) => void,
): Promise<ServedStage | undefined> {
  const owner = await ctx.ports.directory.lookup(ctx.store, API_DIRECTORY, apiId);
  if (owner === undefined) return undefined;
  const { account, region } = owner;
  const rows = layout.at(account, region);
  // Watched before it is read, so that no change between the two goes unseen.
  watch(rows.apis.rangeOf([apiId]));
  watch(rows.stages.rangeOf([apiId, stageName]));
  const [api, stage] = await Promise.all([
    rows.apis.get(ctx.store, [apiId]),
    rows.stages.get(ctx.store, [apiId, stageName]),
  ]);
  if (api === undefined || stage === undefined || api.disableExecuteApiEndpoint) return undefined;
  const deployment = await rows.deployments.get(ctx.store, [apiId, stage.deploymentId]);
  if (deployment === undefined) return undefined;
  const definition = await definitionOf(ctx, deployment);
  return { stage: compileStage(definition, stage, { account, region }), account, region };
}
