import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { validationError } from './fault.ts';
import { s3Place } from './s3-place.ts';
import { parseTemplateText } from './template/parse.ts';
import { isList, isMap, type MutableMap, type Value, type ValueMap } from './template/value.ts';

const INCLUDE = 'AWS::Include';
/** Included snippets may include others, but not for ever. */
const MOST_DEPTH = 5;

/** Reads an object as the caller. */
export async function readObject(
  ctx: Context,
  place: { readonly Bucket: string; readonly Key: string },
  mostBytes: number,
): Promise<string> {
  const { Body } = await ctx.call<{ Body: AsyncIterable<Uint8Array> | Uint8Array }>('s3', 'GetObject', place);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of Body instanceof Uint8Array ? [Body] : Body) {
    size += chunk.length;
    if (size > mostBytes) throw validationError(`Template may not exceed ${mostBytes} bytes in size.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Puts snippets from S3 in the place of `Fn::Transform: {Name: AWS::Include}`, and of the same at the top level.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-include.html
 * @param parameters what a `Ref` in a location stands for
 */
export async function include(
  ctx: Context,
  root: ValueMap,
  parameters: ReadonlyMap<string, string>,
): Promise<ValueMap> {
  async function snippet(call: Value | undefined, depth: number): Promise<ValueMap | undefined> {
    if (!isMap(call) || call['Name'] !== INCLUDE) return undefined;
    const given = isMap(call['Parameters']) ? call['Parameters']['Location'] : undefined;
    const name = isMap(given) ? given['Ref'] : undefined;
    const location = typeof name === 'string' ? parameters.get(name) : given;
    const place = typeof location === 'string' ? s3Place(location) : undefined;
    const failed = (detail: string) => validationError(`Transform ${INCLUDE} failed with: ${detail}`);
    if (place === undefined) {
      throw failed("The value associated with 'Location' must be a valid S3 URI, such as s3://bucket/key.");
    }
    if (depth > MOST_DEPTH) throw failed('the snippets are nested too deeply.');
    try {
      const value = await splice(parseTemplateText(await readObject(ctx, place, 1_000_000)), depth + 1);
      if (isMap(value)) return value;
    } catch (error) {
      if (Fault.is(error) && error.code === 'NoSuchBucket')
        throw failed(`S3 bucket [${place.Bucket}] does not exist.`);
      if (Fault.is(error)) throw failed(error.message);
      throw error;
    }
    throw failed('the snippet is not a map.');
  }

  async function splice(value: Value, depth: number): Promise<Value> {
    if (isList(value)) return Promise.all(value.map((item) => splice(item, depth)));
    if (!isMap(value)) return value;
    const { 'Fn::Transform': call, ...rest } = value;
    const included = (await snippet(call, depth)) ?? (call === undefined ? {} : { 'Fn::Transform': call });
    const result: MutableMap = { ...included };
    for (const [key, item] of Object.entries(rest)) result[key] = await splice(item, depth);
    return result;
  }

  const { Transform, ...rest } = root;
  const transforms = isList(Transform) ? Transform : Transform === undefined ? [] : [Transform];
  const kept: Value[] = [];
  let result = (await splice(rest, 0)) as ValueMap;
  for (const transform of transforms) {
    const included = await snippet(transform, 0);
    if (included === undefined) kept.push(transform);
    else result = { ...included, ...result };
  }
  return kept.length === 0 ? result : { Transform: kept, ...result };
}
