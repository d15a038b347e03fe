import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentCredentials } from '../service/runtimes.ts';
import { type Language, versionOf } from './languages.ts';

/** A function's variables with its role's credentials. */
export function withCredentials(
  variables: Readonly<Record<string, string>>,
  { accessKeyId, secretAccessKey, sessionToken }: EnvironmentCredentials,
): Record<string, string> {
  return {
    ...variables,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
}

/** The machine's own, and the name under which extensions listen for telemetry: an address for each environment. */
export async function hostsFile(folder: string, address: string): Promise<string> {
  const path = join(folder, 'hosts');
  const own = await readFile('/etc/hosts', 'utf8').catch(() => '');
  await writeFile(path, `${address} sandbox.localdomain sandbox\n${own}`);
  return path;
}

/** The last of the layers that has an extension brings it. */
export function placeOf(name: string, layers: readonly string[]): string {
  const places = layers.map((folder) => join(folder, 'extensions', name));
  return places.findLast((place) => existsSync(place)) ?? name;
}

/** Without a sandbox there is no /opt and no private /tmp: what can be said by variables is. */
export function plainEnvironment(
  { family, version }: Pick<Language, 'family' | 'version'>,
  runtime: string,
  own: Readonly<Record<string, string>>,
  folder: string,
  layers: readonly string[],
): Record<string, string> {
  const environment: Record<string, string> = { TMPDIR: join(folder, 'tmp') };
  if (layers.length === 0) return environment;
  // The later layer wins.
  const paths = [...layers].reverse();
  if (family === 'node') {
    const usual = own['NODE_PATH'] ?? '';
    const places = [`nodejs/node${versionOf(runtime) ?? ''}/node_modules`, 'nodejs/node_modules'];
    const found = places.flatMap((place) => paths.map((path) => join(path, place)));
    environment['NODE_PATH'] = [...found, usual].join(':');
  }
  if (family === 'python') {
    const places = [`python/lib/python${version ?? ''}/site-packages`, 'python'];
    environment['PYTHONPATH'] = places.flatMap((place) => paths.map((path) => join(path, place))).join(':');
  }
  return environment;
}
