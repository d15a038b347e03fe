import { access, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { environment } from './world/environment.ts';

/** What the server keeps on disk, and where. */
export interface DataFolder {
  readonly path: string;
  /** The store's file. */
  readonly store: string;
  readonly blobs: string;
  /** Derived from the store: may be deleted while the server is stopped. */
  readonly derived: string;
  /** Seals secrets in rows; kept outside the store, readable by its owner alone. */
  readonly sealKey: Uint8Array;
  /** No other process uses the folder: whatever its rows say somebody else holds, its holder is gone. */
  readonly isSole: boolean;
  /** Tells the CLI where the server that uses this folder listens. */
  announce(facts: ServerFacts): Promise<void>;
  /** Ends the announcement, and the folder itself when it was a temporary one. */
  close(): Promise<void>;
}

export interface ServerFacts {
  readonly pid: number;
  readonly endpoint: string;
  readonly version: string;
}

const SEAL_KEY_BYTES = 32;
const FACTS = 'server.json';
/** Grows with each change after which rows of before cannot be read. */
const FORMAT = '3';
const FORMAT_FILE = 'format';

/** A folder whose rows another version of Lambent wrote, in a form this one cannot read. */
export class UnreadableFolder extends Error {}

/** Throws {@link UnreadableFolder} unless the folder is new or has today's format. */
async function checkFormat(folder: string): Promise<void> {
  const file = join(folder, FORMAT_FILE);
  const isEmpty = await access(join(folder, 'store')).then(
    () => false,
    () => true,
  );
  if (isEmpty) return writeFile(file, FORMAT);
  const format = await readFile(file, 'utf8').catch(() => undefined);
  if (format === FORMAT) return;
  const whose = Number(format ?? '1') < Number(FORMAT) ? 'an earlier' : 'a later';
  throw new UnreadableFolder(
    `${folder} holds the data of ${whose} version of Lambent, which this one cannot read`,
  );
}

async function readOrMakeSealKey(
  file: string,
  makeBytes: (length: number) => Uint8Array,
): Promise<Uint8Array> {
  try {
    const key = await readFile(file);
    if (key.length === SEAL_KEY_BYTES) return key;
    throw new Error(
      `${file} does not hold the ${SEAL_KEY_BYTES} bytes of a key; the secrets of this data folder cannot be opened without it`,
    );
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
  }
  const key = makeBytes(SEAL_KEY_BYTES);
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(key);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return key;
}

/** Those of this process. */
const openFolders = new Set<string>();

/** Opens a data folder, or a temporary one when `path` is absent. */
export async function openDataFolder(
  path: string | undefined,
  makeBytes: (length: number) => Uint8Array,
): Promise<DataFolder> {
  const folder = path === undefined ? await mkdtemp(join(tmpdir(), 'lambent-')) : resolve(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await checkFormat(folder);
  const derived = join(folder, 'derived');
  await mkdir(derived, { recursive: true });
  const facts = join(folder, FACTS);
  const isSole = !openFolders.has(folder) && (await runningServer(folder)) === undefined;
  openFolders.add(folder);
  return {
    path: folder,
    isSole,
    store: join(folder, 'store'),
    blobs: join(folder, 'blobs'),
    derived,
    sealKey: await readOrMakeSealKey(join(folder, 'seal.key'), makeBytes),
    announce: (server) => writeFile(facts, JSON.stringify(server)),
    close: async () => {
      openFolders.delete(folder);
      await rm(facts, { force: true });
      if (path === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The server that announced itself in a data folder, if its process still runs. One of this very id is no other: in a
 * container every start has the id of the last.
 */
export async function runningServer(path: string): Promise<ServerFacts | undefined> {
  try {
    const server = JSON.parse(await readFile(join(path, FACTS), 'utf8')) as ServerFacts;
    if (server.pid === process.pid) return undefined;
    process.kill(server.pid, 0);
    return server;
  } catch {
    // No announcement, or one of a process that is gone.
    return undefined;
  }
}

/** Where `lambent runtimes install` puts runtimes: for all of the user's servers. XDG Base Directory Specification */
export function installedRuntimesFolder(): string {
  return join(environment('XDG_DATA_HOME') ?? join(homedir(), '.local/share'), 'lambent/runtimes');
}
