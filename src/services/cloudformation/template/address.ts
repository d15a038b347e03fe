import { isList, isMap, type MutableMap, type Value } from './value.ts';

interface Rule {
  readonly pattern: RegExp;
  readonly address: (endpoint: string, name: string) => string;
}

/** Addresses AWS gives what Lambent serves, and where Lambent serves it. */
const RULES: readonly Rule[] = [
  {
    pattern: /https:\/\/([a-z0-9]{10})\.execute-api\.[a-z0-9-]+\.amazonaws\.com/g,
    address: (endpoint, api) => `${endpoint}/_aws/execute-api/${api}`,
  },
  {
    pattern: /https?:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.s3-website[.-][a-z0-9-]+\.amazonaws\.com/g,
    address: (endpoint, bucket) => `${endpoint}/_aws/s3-website/${bucket}`,
  },
  {
    pattern: /https:\/\/([a-z0-9][a-z0-9-]{0,62})\.auth\.[a-z0-9-]+\.amazoncognito\.com/g,
    address: (endpoint, prefix) => `${endpoint}/_aws/cognito/${prefix}`,
  },
];

/** Turns the addresses in a value into ones that reach this server; everything else is left as it is. */
export function reachable(value: Value, endpoint: string): Value {
  if (typeof value === 'string') {
    if (!value.includes('.amazon')) return value;
    return RULES.reduce(
      (text, { pattern, address }) => text.replace(pattern, (_, name: string) => address(endpoint, name)),
      value,
    );
  }
  if (isList(value)) return value.map((item) => reachable(item, endpoint));
  if (!isMap(value)) return value;
  const map: MutableMap = {};
  for (const [key, item] of Object.entries(value)) map[key] = reachable(item, endpoint);
  return map;
}
