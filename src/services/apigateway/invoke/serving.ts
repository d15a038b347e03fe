import type { Context } from '../../../service/context.ts';
import type { Store } from '../../../store/store.ts';
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

const caches = new WeakMap<Store, Map<string, Promise<ServedStage | undefined>>>();
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
  let served = cache.get(key);
  if (served === undefined) {
    if (cache.size >= MOST_STAGES) cache.clear();
    served = load(ctx, apiId, stageName, cache, key);
    cache.set(key, served);
  }
  return served;
}

async function load(
  ctx: Context,
  apiId: string,
  stageName: string,
  cache: Map<string, Promise<ServedStage | undefined>>,
  key: string,
): Promise<ServedStage | undefined> {
  const stops: (() => void)[] = [];
  const forget = () => {
    for (const stop of stops) stop();
    cache.delete(key);
  };
  try {
    const owner = await ctx.ports.directory.lookup(ctx.store, API_DIRECTORY, apiId);
    if (owner === undefined) {
      forget();
      return undefined;
    }
    const { account, region } = owner;
    const rows = layout.at(account, region);
    // Watched before it is read, so that no change between the two goes unseen.
    for (const range of [rows.apis.rangeOf([apiId]), rows.stages.rangeOf([apiId, stageName])])
      stops.push(ctx.store.watch(range, forget));
    const [api, stage] = await Promise.all([
      rows.apis.get(ctx.store, [apiId]),
      rows.stages.get(ctx.store, [apiId, stageName]),
    ]);
    const deployment =
      stage === undefined ? undefined : await rows.deployments.get(ctx.store, [apiId, stage.deploymentId]);
    if (
      api === undefined ||
      stage === undefined ||
      deployment === undefined ||
      api.disableExecuteApiEndpoint
    ) {
      forget();
      return undefined;
    }
    const definition = await definitionOf(ctx, deployment);
    return { stage: compileStage(definition, stage, { account, region }), account, region };
  } catch (error) {
    forget();
    throw error;
  }
}
