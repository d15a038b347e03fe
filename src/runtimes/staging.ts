import { linkSync, mkdirSync } from 'node:fs';
import { link, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A waiting worker's /var/task is bound before anybody knows whose code will stand there: an empty folder of its
 * own, filled by hard links when a function claims it. Links are cheap, but not free: a folder with more files than
 * this is bound whole in a fresh worker instead.
 */
const MOST_LINKED_FILES = 256;

export interface FileTree {
  readonly folder: string;
  /** Parents before children. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

/** Everything in `folder`, by relative path. */
export async function readTree(folder: string): Promise<FileTree> {
  const folders: string[] = [];
  const files: string[] = [];
  const symlinks: { path: string; target: string }[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(folder, relative), { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        folders.push(path);
        await walk(path);
      } else if (entry.isSymbolicLink()) {
        symlinks.push({ path, target: await readlink(join(folder, path)) });
      } else if (entry.isFile()) files.push(path);
    }
  };
  await walk('');
  return { folder, folders, files, symlinks };
}

/** Trees are looked at once: code folders are named by their content. */
export class Trees {
  readonly #trees = new Map<string, Promise<FileTree>>();

  async get(folder: string): Promise<FileTree> {
    let tree = this.#trees.get(folder);
    if (tree === undefined) {
      tree = readTree(folder);
      this.#trees.set(folder, tree);
      tree.catch(() => this.#trees.delete(folder));
      if (this.#trees.size > 1_000) this.#trees.delete(this.#trees.keys().next().value ?? folder);
    }
    return tree;
  }
}

/** True when {@link stage} may fill a waiting worker's folder with `trees`. */
export function isStageable(trees: readonly FileTree[]): boolean {
  let files = 0;
  for (const tree of trees) files += tree.files.length + tree.folders.length;
  // A link's target may lie anywhere; such code is bound whole.
  return files <= MOST_LINKED_FILES && trees.every((tree) => tree.symlinks.length === 0);
}

/** Fills `target` with hard links to a small tree's files. Throws EXDEV when they are on another file system. */
export function stage(tree: FileTree, target: string): void {
  for (const folder of tree.folders) mkdirSync(join(target, folder), { recursive: true });
  for (const file of tree.files) linkSync(join(tree.folder, file), join(target, file));
}

/** Lays trees over each other in `target`, the later over the earlier, as Lambda lays layers. */
export async function merge(trees: readonly FileTree[], target: string): Promise<void> {
  const from = new Map<string, string>();
  const links = new Map<string, string>();
  await mkdir(target, { recursive: true });
  for (const tree of trees) {
    for (const folder of tree.folders) await mkdir(join(target, folder), { recursive: true });
    for (const file of tree.files) {
      from.set(file, join(tree.folder, file));
      links.delete(file);
    }
    for (const { path, target: to } of tree.symlinks) {
      links.set(path, to);
      from.delete(path);
    }
  }
  for (const [file, source] of from) await link(source, join(target, file));
  for (const [path, to] of links) await symlink(to, join(target, path));
}
