import { createHash } from 'node:crypto';
import {
  canonicalJson,
  isMap,
  type MutableMap,
  onlyKey,
  type Value,
  type ValueMap,
} from '../template/value.ts';
import { ResourceProblem } from './problem.ts';

/** A resource of a template under transformation. */
export interface Resource {
  readonly Type: string;
  readonly Properties: ValueMap;
  readonly [attribute: string]: Value;
}

/** What a serverless resource becomes: plain resources by logical id, in order. */
export type Generated = Record<string, ValueMap>;

/** Attributes that what a resource generates inherits. */
const PASSED_ON = ['Condition', 'DeletionPolicy', 'UpdateReplacePolicy'];

export function passedOn(resource: Resource, names: readonly string[] = PASSED_ON): ValueMap {
  const attributes: MutableMap = {};
  for (const name of names) {
    const value = resource[name];
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

/** Members whose value is there; a template's absent properties stay absent. */
export function present(members: Readonly<Record<string, Value | undefined>>): ValueMap {
  const result: MutableMap = {};
  for (const [name, value] of Object.entries(members)) if (value !== undefined) result[name] = value;
  return result;
}

/** SAM's suffix of logical ids that must change with `data`: the start of the SHA-1 of its compact, sorted JSON. */
export function hashOf(data: Value, length = 10): string {
  const text = typeof data === 'string' ? data : pythonJson(data);
  return createHash('sha1').update(text, 'utf8').digest('hex').slice(0, length);
}

/** Python escapes what is not ASCII. */
function pythonJson(data: Value): string {
  return canonicalJson(data).replace(
    /[\u0080-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function isIntrinsic(value: Value | undefined): boolean {
  const key = onlyKey(value);
  return key !== undefined && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::'));
}

export function refTo(logicalId: string): ValueMap {
  return { Ref: logicalId };
}

export function attributeOf(logicalId: string, attribute: string): ValueMap {
  return { 'Fn::GetAtt': [logicalId, attribute] };
}

/** `s3://bucket/key?versionId=v`, or the same as a map, as the property that takes it spells it. */
export function s3Location(value: Value | undefined, logicalId: string, property: string): ValueMap {
  if (isMap(value)) {
    if (isIntrinsic(value) || value['Bucket'] === undefined || value['Key'] === undefined) {
      throw new ResourceProblem(
        logicalId,
        `'${property}' requires Bucket and Key properties to be specified.`,
      );
    }
    return present({ S3Bucket: value['Bucket'], S3Key: value['Key'], S3ObjectVersion: value['Version'] });
  }
  const [, bucket, key, version] =
    /^s3:\/\/([^/]+)\/([^?]+)(?:\?versionId=(.+))?$/.exec(typeof value === 'string' ? value : '') ?? [];
  if (bucket === undefined || key === undefined) {
    throw new ResourceProblem(
      logicalId,
      `'${property}' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.`,
    );
  }
  return present({ S3Bucket: bucket, S3Key: key, S3ObjectVersion: version });
}

/** SAM's tags are a map; it marks what it made. */
export function tagList(tags: Value | undefined, mark?: string): readonly ValueMap[] {
  return [
    ...(mark === undefined ? [] : [{ Key: mark, Value: 'SAM' }]),
    ...(isMap(tags) ? Object.entries(tags).map(([Key, value]) => ({ Key, Value: value })) : []),
  ];
}

export function checkProperties(
  logicalId: string,
  type: string,
  properties: ValueMap,
  known: readonly string[],
  notYet: readonly string[],
): void {
  for (const name of Object.keys(properties)) {
    if (notYet.includes(name)) {
      throw new ResourceProblem(logicalId, `Lambent does not transform the property ${name} of ${type} yet.`);
    }
    if (!known.includes(name)) {
      throw new ResourceProblem(logicalId, `property ${name} not defined for resource of type ${type}`);
    }
  }
}
