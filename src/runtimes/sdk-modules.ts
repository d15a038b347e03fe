import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageFolder } from '../base/package-folder.ts';
import type { View } from './sandbox.ts';

/**
 * The AWS SDK that AWS's Node runtimes bring along, found in Lambent's own dependencies: the top-level entries of
 * `node_modules` that the SDK's clients reach, and nothing else, so that a package missing from a function's zip is
 * missing here as it would be there.
 */
export interface SdkModules {
  /** The `node_modules` folder. */
  readonly folder: string;
  /** Names of its entries: a scope (`@smithy`) or a package (`tslib`). */
  readonly entries: readonly string[];
}

const CLIENT = '@aws-sdk/client-dynamodb';

/** Undefined when Lambent's dependencies lack the SDK. */
export async function findSdkModules(): Promise<SdkModules | undefined> {
  let folder: string;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${CLIENT}/package.json`);
    folder = dirname(dirname(dirname(manifest)));
  } catch {
    return undefined;
  }
  const entries = new Set<string>();
  const seen = new Set<string>();
  const queue = (await readdir(join(folder, '@aws-sdk'))).map((name) => `@aws-sdk/${name}`);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const manifest = join(folder, name, 'package.json');
    // A dependency that is not hoisted stands inside its dependent.
    if (!existsSync(manifest)) continue;
    entries.add(name.startsWith('@') ? name.slice(0, name.indexOf('/')) : name);
    const { dependencies = {} } = JSON.parse(await readFile(manifest, 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    queue.push(...Object.keys(dependencies));
  }
  return { folder, entries: [...entries].sort() };
}

/** As AWS shows them: at /var/runtime/node_modules for `require`, and at the root, where `import` climbs to. */
export function sdkViews({ folder, entries }: SdkModules): View[] {
  return entries.map((name) => ({ from: join(folder, name), to: `/node_modules/${name}` }));
}

/** For processes without a sandbox: a `node_modules` in `parent` that links to the entries. */
export async function linkSdkModules({ folder, entries }: SdkModules, parent: string): Promise<string> {
  const target = join(parent, 'node_modules');
  await mkdir(target, { recursive: true });
  for (const name of entries) {
    await symlink(join(folder, name), join(target, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return target;
}

/** The folder of the bootstraps, which ship as they are written. */
export function bootstrapFolder(): string {
  const folder = join(packageFolder(), 'src/runtimes/bootstraps');
  readFileSync(join(folder, 'node.cjs'));
  return folder;
}
