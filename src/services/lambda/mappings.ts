import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import type { Group } from '../../service/service.ts';
import type { Transaction } from '../../store/store.ts';
import { noteStored } from './holding.ts';
import { laneKey, lanesOf, shardOfKey, slowest } from './lane.ts';
import { type CheckpointRow, type FunctionVersion, layout, type MappingRow } from './layout.ts';
import { configureMapping, describeMapping, newMapping, sourceKind, storedOnlyOf } from './mapping.ts';
import { pageOf } from './pages.ts';
import { pollersOf } from './pollers.ts';
import { QueueSource } from './queue-source.ts';
import { readVersion, type Target, targetOf } from './reading.ts';
import { arnOf, fault } from './reference.ts';
import { StreamSource } from './stream-source.ts';

function missing(): Error {
  return fault('ResourceNotFoundException', 'The resource you requested does not exist.');
}

/** The version a mapping is to invoke. */
async function functionOf(ctx: Context, target: Target): Promise<FunctionVersion> {
  try {
    return await readVersion(ctx.store, target);
  } catch (error) {
    if (!Fault.is(error)) throw error;
    throw fault('InvalidParameterValueException', 'Function does not exist');
  }
}

/** Sees that the role may read the source. Answers where a stream that is read from LATEST on begins. */
async function checkSource(
  ctx: Context,
  row: MappingRow,
  version: FunctionVersion,
): Promise<readonly (readonly [shard: string, sequence: string | undefined])[]> {
  if (sourceKind(row.sourceArn) === 'queue') {
    await new QueueSource(ctx, row.sourceArn, version.role, version.name).check(version.timeoutSeconds);
    return [];
  }
  const source = new StreamSource(ctx, row, version.role, version.name);
  await source.check();
  if (row.startingPosition !== 'LATEST') return [];
  const shards = await source.shards();
  return Promise.all(shards.map(async ({ id }) => [id, await source.newest(id)] as const));
}

/** Gives a shard one checkpoint from the lanes it was read in. */
async function rejoinLanes(ctx: Context, tx: Transaction, mapping: MappingRow): Promise<void> {
  const { checkpoints } = layout.at(ctx.account, ctx.region);
  const found = new Map<string, CheckpointRow>();
  for (const { key, value } of await checkpoints.all(tx, [mapping.uuid])) {
    found.set(key[1], value);
    checkpoints.delete(tx, key);
  }
  for (const shard of new Set([...found.keys()].map(shardOfKey))) {
    const lanes = lanesOf(shard, mapping.parallelization);
    const read = lanes.map((lane) => found.get(laneKey(lane)) ?? found.get(shard) ?? { failures: 0 });
    checkpoints.set(tx, [mapping.uuid, shard], slowest(read));
  }
}

export const mappings = {
  async CreateEventSourceMapping(input, ctx) {
    const target = targetOf(ctx, input.FunctionName);
    const row = newMapping(input, {
      uuid: ctx.world.random.uuid(),
      functionArn: arnOf(target.reference),
      lastModifiedMs: ctx.world.clock.now(),
    });
    const version = await functionOf(ctx, target);
    const newest = await checkSource(ctx, row, version);
    const { mappings: rows, checkpoints } = layout.at(ctx.account, ctx.region);
    await ctx.transact(async (tx) => {
      for (const { value } of await rows.all(tx, [])) {
        if (value.sourceArn === row.sourceArn && value.functionArn === row.functionArn) {
          const named = `arn (" ${row.sourceArn} ") and function (" ${target.reference.name} ")`;
          throw fault(
            'ResourceConflictException',
            sourceKind(row.sourceArn) === 'queue'
              ? `An event source mapping with SQS ${named} already exists. Please update or delete the existing mapping with UUID ${value.uuid}`
              : `The event source ${named} provided mapping already exists. Please update or delete the existing mapping with UUID ${value.uuid}`,
          );
        }
      }
      rows.set(tx, [row.uuid], row);
      layout.global().pollers.set(tx, [ctx.account, ctx.region, row.uuid], { sourceArn: row.sourceArn });
      for (const [shard, sequence] of newest) {
        if (sequence !== undefined) checkpoints.set(tx, [row.uuid, shard], { sequence, failures: 0 });
      }
    });
    noteStored(ctx, row.uuid, storedOnlyOf(input));
    await pollersOf(ctx).watch(ctx, row.uuid, row.sourceArn);
    // A queue's mapping that is to do nothing is made at once.
    const made = row.enabled || sourceKind(row.sourceArn) === 'stream';
    return describeMapping(row, ctx, made ? 'Creating' : undefined);
  },

  async GetEventSourceMapping(input, ctx) {
    const row = await layout.at(ctx.account, ctx.region).mappings.get(ctx.store, [input.UUID]);
    if (row === undefined) throw missing();
    return describeMapping(row, ctx);
  },

  async UpdateEventSourceMapping(input, ctx) {
    const { mappings: rows } = layout.at(ctx.account, ctx.region);
    const target = input.FunctionName === undefined ? undefined : targetOf(ctx, input.FunctionName);
    if (target !== undefined) await functionOf(ctx, target);
    const lastModifiedMs = ctx.world.clock.now();
    const { row, was } = await ctx.transact(async (tx) => {
      const before = await rows.get(tx, [input.UUID]);
      if (before === undefined) throw missing();
      const after: MappingRow = {
        ...configureMapping(before, input),
        functionArn: target === undefined ? before.functionArn : arnOf(target.reference),
        lastModifiedMs,
      };
      rows.set(tx, [input.UUID], after);
      if (after.parallelization !== before.parallelization) await rejoinLanes(ctx, tx, before);
      return { row: after, was: before };
    });
    noteStored(ctx, row.uuid, storedOnlyOf(input));
    await pollersOf(ctx).watch(ctx, row.uuid, row.sourceArn);
    const state = row.enabled === was.enabled ? 'Updating' : row.enabled ? 'Enabling' : 'Disabling';
    return describeMapping(row, ctx, state);
  },

  async DeleteEventSourceMapping(input, ctx) {
    const { mappings: rows, checkpoints } = layout.at(ctx.account, ctx.region);
    const row = await ctx.transact(async (tx) => {
      const before = await rows.get(tx, [input.UUID]);
      if (before === undefined) throw missing();
      rows.delete(tx, [input.UUID]);
      layout.global().pollers.delete(tx, [ctx.account, ctx.region, input.UUID]);
      for (const { key } of await checkpoints.all(tx, [input.UUID])) checkpoints.delete(tx, key);
      return before;
    });
    pollersOf(ctx).forget(row.uuid);
    return describeMapping(row, ctx, 'Deleting');
  },

  async ListEventSourceMappings(input, ctx) {
    const target = input.FunctionName === undefined ? undefined : targetOf(ctx, input.FunctionName);
    const functionArn = target && arnOf(target.reference);
    const page = await pageOf(layout.at(ctx.account, ctx.region).mappings, ctx.store, [], input, 100);
    return {
      EventSourceMappings: page.rows
        .filter(
          ({ value }) =>
            (functionArn === undefined || value.functionArn === functionArn) &&
            (input.EventSourceArn === undefined || value.sourceArn === input.EventSourceArn),
        )
        .map(({ value }) => describeMapping(value, ctx)),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
