import { equalValues, isMap, type Value, type ValueMap } from '../template/value.ts';
import { listIn, mapIn } from './property.ts';

/** API Gateway's form of an update. https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: string;
}

/** A name as a part of a path (RFC 6901). */
export function pathPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function text(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Replaces what changed among scalar properties and takes away what is no more; `paths` maps property to path. */
export function scalarPatches(
  before: ValueMap,
  wanted: ValueMap,
  paths: Readonly<Record<string, string>>,
): readonly PatchOperation[] {
  return Object.entries(paths).flatMap(([name, path]): readonly PatchOperation[] => {
    const old = before[name];
    const now = wanted[name];
    if (equalValues(old, now)) return [];
    return now === undefined ? [{ op: 'remove', path }] : [{ op: 'replace', path, value: text(now) }];
  });
}

/** One operation an item of a set that a path holds. */
export function setPatches(
  before: ValueMap,
  wanted: ValueMap,
  name: string,
  path: string,
): readonly PatchOperation[] {
  const old = listIn(before, name).map(text);
  const now = listIn(wanted, name).map(text);
  return [
    ...now
      .filter((item) => !old.includes(item))
      .map((item) => ({ op: 'add', path: `${path}/${pathPart(item)}` }) as const),
    ...old
      .filter((item) => !now.includes(item))
      .map((item) => ({ op: 'remove', path: `${path}/${pathPart(item)}` }) as const),
  ];
}

/** One operation a key of a map that a path holds. */
export function mapPatches(
  before: ValueMap,
  wanted: ValueMap,
  name: string,
  path: string,
): readonly PatchOperation[] {
  const old = mapIn(before, name) ?? {};
  const now = mapIn(wanted, name) ?? {};
  const keys = Object.fromEntries(
    [...Object.keys(old), ...Object.keys(now)].map((key) => [key, `${path}/${pathPart(key)}`]),
  );
  return scalarPatches(old, now, keys);
}

const METHOD_SETTINGS: Readonly<Record<string, string>> = {
  CacheDataEncrypted: 'caching/dataEncrypted',
  CacheTtlInSeconds: 'caching/ttlInSeconds',
  CachingEnabled: 'caching/enabled',
  DataTraceEnabled: 'logging/dataTrace',
  LoggingLevel: 'logging/loglevel',
  MetricsEnabled: 'metrics/enabled',
  ThrottlingBurstLimit: 'throttling/burstLimit',
  ThrottlingRateLimit: 'throttling/rateLimit',
};

/** A stage's settings for methods: the path names resource and method, `*` for all. */
export function methodSettingPatches(before: ValueMap, wanted: ValueMap): readonly PatchOperation[] {
  const settings = (properties: ValueMap) =>
    new Map(
      listIn(properties, 'MethodSettings')
        .filter(isMap)
        .map((setting) => [methodPath(setting), setting]),
    );
  const old = settings(before);
  const now = settings(wanted);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((path) => {
    const keys = Object.fromEntries(
      Object.entries(METHOD_SETTINGS).map(([name, rest]) => [name, `${path}/${rest}`]),
    );
    const had = old.get(path);
    const wants = now.get(path);
    // Settings of a method that has none any more go as one.
    if (wants === undefined) return had === undefined ? [] : [{ op: 'remove', path } as const];
    return scalarPatches(had ?? {}, wants, keys);
  });
}

function methodPath(setting: ValueMap): string {
  const resource = String(setting['ResourcePath'] ?? '/*');
  return `/${resource === '/*' ? '*' : pathPart(resource)}/${String(setting['HttpMethod'] ?? '*')}`;
}
