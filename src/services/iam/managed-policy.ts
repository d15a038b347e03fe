import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';

/** A policy that AWS manages: `arn:aws:iam::aws:policy/…`. */
export interface AwsManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  /** ANPA…, made from the name. */
  readonly id: string;
  readonly version: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly document: string;
}

interface PolicyData {
  readonly path: string;
  readonly version: string;
  readonly created: string;
  readonly updated: string;
  readonly document: unknown;
}

const PREFIX = 'arn:aws:iam::aws:policy/';

let byName: ReadonlyMap<string, AwsManagedPolicy> | undefined;

/** The policy of an ARN, path included; `undefined` when it is not AWS's or not in the data. */
export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  if (!arn.startsWith(PREFIX)) return undefined;
  const found = load().get(arn.slice(arn.lastIndexOf('/') + 1));
  return found?.arn === arn ? found : undefined;
}

/** All of them, by name. */
export function awsManagedPolicies(): readonly AwsManagedPolicy[] {
  return [...load().values()];
}

/** Read on first use: the file holds well over a megabyte. */
function load(): ReadonlyMap<string, AwsManagedPolicy> {
  if (byName !== undefined) return byName;
  const data = JSON.parse(
    readFileSync(join(packageFolder(), 'models/iam/managed-policies.json'), 'utf8'),
  ) as Record<string, PolicyData>;
  const policies = new Map<string, AwsManagedPolicy>();
  for (const [name, { path, version, created, updated, document }] of Object.entries(data)) {
    policies.set(name, {
      arn: `arn:aws:iam::aws:policy${path}${name}`,
      name,
      path,
      id: `ANPA${createHash('sha256').update(name).digest('hex').toUpperCase().slice(0, 17)}`,
      version,
      createdAtMs: Date.parse(created),
      updatedAtMs: Date.parse(updated),
      document: JSON.stringify(document),
    });
  }
  return (byName = policies);
}
