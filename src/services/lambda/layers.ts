import { formatArn } from '../../base/arn.ts';
import type {
  GetLayerVersionResponse,
  LambdaOperations,
  LayerVersionsListItem,
} from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { storeCode } from './code.ts';
import { codeLocation } from './code-door.ts';
import { base64OfHex, lambdaTime } from './function.ts';
import { layerNamed, readLayerArn } from './layer-use.ts';
import { type LayerVersionRow, layout } from './layout.ts';
import { pageOf } from './pages.ts';
import { fault } from './reference.ts';

type Scope = { readonly account: string; readonly region: string };

/** Of a layer, or of one of its versions. */
export function layerArn(scope: Scope, name: string, version?: number): string {
  const suffix = version === undefined ? '' : `:${version}`;
  return formatArn('lambda', scope.region, scope.account, `layer:${name}${suffix}`);
}

function listItem(scope: Scope, name: string, version: number, row: LayerVersionRow): LayerVersionsListItem {
  return {
    LayerVersionArn: layerArn(scope, name, version),
    Version: version,
    Description: row.description,
    CreatedDate: lambdaTime(row.createdAtMs),
    CompatibleRuntimes: row.runtimes,
    CompatibleArchitectures: row.architectures,
    LicenseInfo: row.license,
  };
}

async function describeLayer(
  ctx: Context,
  scope: Scope,
  name: string,
  version: number,
  row: LayerVersionRow,
): Promise<GetLayerVersionResponse> {
  return {
    ...listItem(scope, name, version, row),
    LayerArn: layerArn(scope, name),
    Content: {
      Location: await codeLocation(ctx, row.code),
      CodeSha256: base64OfHex(row.code.sha256),
      CodeSize: row.code.size,
    },
  };
}

function missing(): Error {
  return fault('ResourceNotFoundException', 'The resource you requested does not exist.');
}

function checkVersion(version: number): void {
  if (version < 1) throw fault('InvalidParameterValueException', 'Layer Version Cannot be less than 1');
}

function suits(
  row: LayerVersionRow,
  wanted: {
    readonly CompatibleRuntime?: string | undefined;
    readonly CompatibleArchitecture?: string | undefined;
  },
): boolean {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = wanted;
  return (
    (runtime === undefined || row.runtimes?.some((name) => name === runtime) === true) &&
    (architecture === undefined || row.architectures?.some((name) => name === architecture) === true)
  );
}

export const layers = {
  async PublishLayerVersion(input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    const name = layerNamed(input.LayerName, ctx).name;
    const code = await storeCode(ctx, input.Content);
    const row: LayerVersionRow = {
      description: input.Description ?? '',
      code,
      runtimes: input.CompatibleRuntimes,
      architectures: input.CompatibleArchitectures,
      license: input.LicenseInfo,
      createdAtMs: ctx.world.clock.now(),
    };
    const version = await ctx.transact(async (tx) => {
      const next = (await rows.layers.get(tx, [name]))?.nextVersion ?? 1;
      rows.layers.set(tx, [name], { nextVersion: next + 1 });
      rows.layerVersions.set(tx, [name, next], row);
      await ctx.blobs.retain(tx, code);
      return next;
    });
    return describeLayer(ctx, ctx, name, version, row);
  },

  async GetLayerVersion(input, ctx) {
    checkVersion(input.VersionNumber);
    const layer = layerNamed(input.LayerName, ctx);
    const row = await layout
      .at(layer.account, layer.region)
      .layerVersions.get(ctx.store, [layer.name, input.VersionNumber]);
    if (row === undefined) throw missing();
    return describeLayer(ctx, layer, layer.name, input.VersionNumber, row);
  },

  async GetLayerVersionByArn(input, ctx) {
    const layer = readLayerArn(input.Arn);
    const row =
      layer &&
      (await layout
        .at(layer.account, layer.region)
        .layerVersions.get(ctx.store, [layer.name, layer.version]));
    if (layer === undefined || row === undefined) throw missing();
    return describeLayer(ctx, layer, layer.name, layer.version, row);
  },

  async DeleteLayerVersion(input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    checkVersion(input.VersionNumber);
    const key: [string, number] = [layerNamed(input.LayerName, ctx).name, input.VersionNumber];
    await ctx.transact(async (tx) => {
      const row = await rows.layerVersions.get(tx, key);
      if (row === undefined) return;
      rows.layerVersions.delete(tx, key);
      rows.layerPolicies.delete(tx, key);
      await ctx.blobs.release(tx, row.code);
    });
    return {};
  },

  async ListLayerVersions(input, ctx) {
    const name = layerNamed(input.LayerName, ctx).name;
    const rows = layout.at(ctx.account, ctx.region).layerVersions;
    const all = await rows.all(ctx.store, [name]);
    // Newest first, as AWS lists them; a layer has few versions.
    const before = input.Marker === undefined ? Number.POSITIVE_INFINITY : Number(input.Marker);
    const found = all.filter(({ key, value }) => key[1] < before && suits(value, input)).reverse();
    const page = found.slice(0, input.MaxItems ?? 50);
    return {
      LayerVersions: page.map(({ key, value }) => listItem(ctx, name, key[1], value)),
      NextMarker: page.length < found.length ? String(page.at(-1)?.key[1]) : undefined,
    };
  },

  async ListLayers(input, ctx) {
    const rows = layout.at(ctx.account, ctx.region);
    const page = await pageOf(rows.layers, ctx.store, [], input);
    const Layers = [];
    for (const { key } of page.rows) {
      const [name] = key;
      const versions = await rows.layerVersions.all(ctx.store, [name]);
      const newest = versions.filter(({ value }) => suits(value, input)).at(-1);
      if (newest === undefined) continue;
      Layers.push({
        LayerName: name,
        LayerArn: layerArn(ctx, name),
        LatestMatchingVersion: listItem(ctx, name, newest.key[1], newest.value),
      });
    }
    return { Layers, NextMarker: page.marker };
  },
} satisfies Group<LambdaOperations>;
