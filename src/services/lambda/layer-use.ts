import { parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import { type LayerUse, layout } from './layout.ts';
import { fault } from './reference.ts';

const MOST_LAYERS = 5;

/** The layer and version an ARN names: `arn:aws:lambda:us-east-1:123456789012:layer:name:3`. */
export function readLayerArn(
  text: string,
): { account: string; region: string; name: string; version: number } | undefined {
  const arn = parseArn(text);
  const [kind, name, version] = arn?.resource.split(':') ?? [];
  if (arn === undefined || kind !== 'layer' || name === undefined || version === undefined) return undefined;
  // A version has one spelling, so that a policy that names it names all of it.
  if (arn.service !== 'lambda' || !/^[1-9]\d*$/.test(version)) return undefined;
  return { account: arn.account, region: arn.region, name, version: Number(version) };
}

/** `LayerName` may be an ARN, and then of another account's layer. */
export function layerNamed(
  text: string,
  scope: { readonly account: string; readonly region: string },
): { account: string; region: string; name: string } {
  const arn = parseArn(text);
  const { account, region } = arn ?? scope;
  return { account, region, name: arn?.resource.split(':')[1] ?? text };
}

/** The layers a function names, in its order. */
export async function readLayers(ctx: Context, arns: readonly string[]): Promise<readonly LayerUse[]> {
  if (arns.length > MOST_LAYERS) {
    throw fault('InvalidParameterValueException', `Cannot reference more than ${MOST_LAYERS} layers.`);
  }
  const used: LayerUse[] = [];
  const names = new Map<string, string>();
  for (const arn of arns) {
    const layer = readLayerArn(arn);
    if (layer !== undefined && layer.region !== ctx.region) {
      throw fault(
        'InvalidParameterValueException',
        `Layers are not in the same region as the function. Layers are expected to be in region ${ctx.region}.`,
      );
    }
    const row =
      layer &&
      (await layout
        .at(layer.account, layer.region)
        .layerVersions.get(ctx.store, [layer.name, layer.version]));
    if (layer === undefined || row === undefined) {
      throw fault('InvalidParameterValueException', `Layer version ${arn} does not exist.`);
    }
    const name = `${layer.account}:${layer.name}`;
    const other = names.get(name);
    if (other !== undefined) {
      throw fault(
        'InvalidParameterValueException',
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${other} and ${arn} are versions of the same layer.`,
      );
    }
    names.set(name, arn);
    used.push({ arn, code: row.code });
  }
  return used;
}
