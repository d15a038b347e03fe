import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import {
  checkProvider,
  describeProvider,
  providerArn,
  providerNamed,
  readProvider,
} from './capacity-provider.ts';
import { type CapacityProviderRow, layout } from './layout.ts';
import { pageOf } from './pages.ts';
import { arnOf, fault } from './reference.ts';
import { checkTags } from './tag.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_PROVIDERS = 1_000;

function noteUnsimulated(ctx: Context, name: string): void {
  ctx.log(
    'info',
    `the capacity provider ${name} is kept and not simulated: its functions run as all others do`,
  );
}

/**
 * Capacity providers as they are configured, and no more: there are no instances here.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-capacity-providers.html
 */
export const capacityProviders = {
  async CreateCapacityProvider(input, ctx) {
    const { capacityProviders: rows } = layout.at(ctx.account, ctx.region);
    const name = providerNamed(input.CapacityProviderName, ctx);
    checkProvider(input);
    const tags = input.Tags ?? {};
    checkTags(tags);
    const { VpcConfig, PermissionsConfig, InstanceRequirements, CapacityProviderScalingConfig } = input;
    const { KmsKeyArn, PropagateTags, TelemetryConfig } = input;
    const row: CapacityProviderRow = {
      settings: {
        VpcConfig,
        PermissionsConfig,
        InstanceRequirements,
        CapacityProviderScalingConfig,
        KmsKeyArn,
        PropagateTags,
        TelemetryConfig,
      },
      tags,
      lastModifiedMs: ctx.world.clock.now(),
    };
    await ctx.transact(async (tx) => {
      const others = await rows.all(tx, []);
      if (others.some(({ key }) => key[0] === name)) {
        throw fault(
          'ResourceConflictException',
          `Capacity provider already exists: ${providerArn(ctx, name)}`,
        );
      }
      if (others.length >= MOST_PROVIDERS) {
        throw fault(
          'CapacityProviderLimitExceededException',
          'The maximum number of capacity providers for your account has been exceeded.',
        );
      }
      rows.set(tx, [name], row);
    });
    noteUnsimulated(ctx, name);
    return { CapacityProvider: describeProvider(ctx, name, row, 'Pending') };
  },

  async GetCapacityProvider(input, ctx) {
    const name = providerNamed(input.CapacityProviderName, ctx);
    return { CapacityProvider: describeProvider(ctx, name, await readProvider(ctx.store, ctx, name)) };
  },

  async UpdateCapacityProvider(input, ctx) {
    const name = providerNamed(input.CapacityProviderName, ctx);
    checkProvider(input);
    const { CapacityProviderScalingConfig, PropagateTags, TelemetryConfig } = input;
    const lastModifiedMs = ctx.world.clock.now();
    const row = await ctx.transact(async (tx) => {
      const before = await readProvider(tx, ctx, name);
      const settings = {
        ...before.settings,
        ...(CapacityProviderScalingConfig && { CapacityProviderScalingConfig }),
        ...(PropagateTags && { PropagateTags }),
        ...(TelemetryConfig && { TelemetryConfig }),
      };
      const after: CapacityProviderRow = { ...before, settings, lastModifiedMs };
      layout.at(ctx.account, ctx.region).capacityProviders.set(tx, [name], after);
      return after;
    });
    noteUnsimulated(ctx, name);
    return { CapacityProvider: describeProvider(ctx, name, row) };
  },

  async DeleteCapacityProvider(input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    const name = providerNamed(input.CapacityProviderName, ctx);
    const arn = providerArn(ctx, name);
    const row = await ctx.transact(async (tx) => {
      const found = await readProvider(tx, ctx, name);
      const used = [
        ...(await rows.functions.all(tx, [])).map(({ value }) => value.latest),
        ...(await rows.versions.all(tx, [])).map(({ value }) => value),
      ].some(({ capacity }) => capacity?.providerArn === arn);
      if (used) {
        throw fault(
          'ResourceConflictException',
          `Capacity provider ${arn} cannot be deleted: it is used by at least one function.`,
        );
      }
      rows.capacityProviders.delete(tx, [name]);
      return found;
    });
    return { CapacityProvider: describeProvider(ctx, name, row, 'Deleting') };
  },

  async ListCapacityProviders(input, ctx) {
    // All that are here are active.
    if (input.State !== undefined && input.State !== 'Active') return { CapacityProviders: [] };
    const page = await pageOf(layout.at(ctx.account, ctx.region).capacityProviders, ctx.store, [], input);
    return {
      CapacityProviders: page.rows.map(({ key, value }) => describeProvider(ctx, key[0], value)),
      NextMarker: page.marker,
    };
  },

  async ListFunctionVersionsByCapacityProvider(input, ctx) {
    const name = providerNamed(input.CapacityProviderName, ctx);
    await readProvider(ctx.store, ctx, name);
    const CapacityProviderArn = providerArn(ctx, name);
    const page = await pageOf(layout.at(ctx.account, ctx.region).versions, ctx.store, [], input);
    return {
      CapacityProviderArn,
      FunctionVersions: page.rows
        .filter(({ value }) => value.capacity?.providerArn === CapacityProviderArn)
        .map(({ value }) => ({
          FunctionArn: arnOf({
            account: ctx.account,
            region: ctx.region,
            name: value.name,
            qualifier: value.version,
          }),
          State: 'Active' as const,
        })),
      NextMarker: page.marker,
    };
  },
} satisfies Group<LambdaOperations>;
