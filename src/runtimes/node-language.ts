import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installedNode } from '../base/installed-runtimes.ts';
import { type Language, type LanguageOptions, versionOf } from './languages.ts';
import type { View } from './sandbox.ts';
import { linkSdkModules, type SdkModules, sdkViews } from './sdk-modules.ts';

/** The Node.js of this major that `lambent runtimes install` has put in `folder`; undefined when it has not. */
export function exactNode(folder: string | undefined, major: string | undefined): string | undefined {
  if (folder === undefined || major === undefined) return undefined;
  const binary = installedNode(folder, major, process.platform, process.arch);
  return existsSync(binary) ? binary : undefined;
}

/** On the given major's own binary, else on the Node.js that runs this server. */
export async function nodeLanguage(
  options: LanguageOptions,
  major: string | undefined,
  binary = process.execPath,
): Promise<Language> {
  const { sandboxed, bootstraps, sdk, folder, authorityFile } = options;
  const insideUsr = binary.startsWith('/usr/');
  const file = !sandboxed || insideUsr ? binary : '/var/lang/bin/node';
  const views: View[] = insideUsr ? [] : [{ from: binary, to: file }];
  if (sandboxed && sdk !== undefined) views.push(...sdkViews(sdk));
  const shared = sandboxed || sdk === undefined ? '/node_modules' : await linkSdkModules(sdk, folder);
  /** Layers may bring modules for one major alone; plain requires find what stands beside the code, too. */
  const nodePath = (runtime: string) =>
    [
      `/opt/nodejs/node${versionOf(runtime) ?? ''}/node_modules`,
      '/opt/nodejs/node_modules',
      shared,
      ...(sandboxed ? ['/var/task'] : []),
    ].join(':');
  return {
    family: 'node',
    version: binary === process.execPath ? process.versions.node.split('.')[0] : major,
    views: sandboxed ? views : [],
    environment: ({ runtime }) => ({ NODE_PATH: nodePath(runtime) }),
    isOwnProgram: () => false,
    command: ({ memoryMb }) => ({
      file,
      args: [
        // As AWS sets them: a tenth is left for what is not heap, and V8's own guess at the young generation, made from
        // the old one, would have it collect ten times as often.
        `--max-old-space-size=${Math.max(64, Math.floor(memoryMb * 0.9))}`,
        `--max-semi-space-size=${Math.max(1, Math.floor(memoryMb * 0.05))}`,
        // Whom SSL_CERT_FILE names, read with the first TLS connection.
        ...(authorityFile === undefined ? [] : ['--use-openssl-ca']),
        sandboxed ? '/var/runtime/node.cjs' : join(bootstraps, 'node.cjs'),
      ],
    }),
  };
}

/** Where a plain process finds the SDK by `import`: Node climbs from the code to a `node_modules` above it. */
export async function linkAbove(codeFolder: string, sdk: SdkModules | undefined): Promise<void> {
  if (sdk !== undefined) await linkSdkModules(sdk, dirname(codeFolder));
}
