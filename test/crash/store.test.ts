import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openLmdb } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/store.ts';
import { realWorld } from '../../src/world/real.ts';
import { b, from, read, temporaryFolder, textOf, write } from '../support/stores.ts';
import { scaled } from '../support/tier.ts';

const committer = fileURLToPath(new URL('committer.js', import.meta.url));
const world = realWorld();

function commit(folder: string, mode: string, name: string, count: number): ChildProcess {
  return spawn(process.execPath, [committer, folder, mode, name, `${count}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** The rounds a committer acknowledged before it ended, however it ended. */
async function acknowledged(child: ChildProcess, onLine?: (line: string) => void): Promise<number> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    onLine?.(chunk);
  });
  await once(child, 'close');
  return text.split('\n').filter((line) => line.startsWith('ack ')).length;
}

test('processes on one file lose no increment', async () => {
  const folder = temporaryFolder();
  const store = await openLmdb({ folder, world });
  const rounds = scaled(300, 40);
  const names = ['a', 'b', 'c'];
  const counts = await Promise.all(
    names.map((name) => acknowledged(commit(folder, 'increment', name, rounds))),
  );
  assert.deepEqual(counts, [rounds, rounds, rounds]);
  assert.equal(await read(store, 'counter'), `${3 * rounds}`);
  const seen = await store.range(from('row/', 'row0'), { limit: 10_000 });
  assert.equal(new Set(seen.map(({ value }) => textOf(value))).size, 3 * rounds);
  await store.close();
});

test('a process sees what another adds, far beyond the size its own map of the file had', async () => {
  const folder = temporaryFolder();
  const store = await openLmdb({ folder, world });
  await write(store, ['mine', '1']);
  assert.equal(await acknowledged(commit(folder, 'batch', 'other', 50)), 50);
  assert.equal((await store.range(from('row/', 'row0'), { limit: 10_000 })).length, 400);
  assert.equal((await store.get(b('row/other/49/7')))?.length, 3000);
  await write(store, ['mine', '2']);
  assert.equal(await read(store, 'mine'), '2');
  await store.close();
});

/** A promise that ends when a row changes, or fails after a while. */
function hears(store: Store): Promise<void> {
  return new Promise((resolve, reject) => {
    // The world's timers do not keep the process alive; this one does.
    const deadline = setTimeout(() => reject(new Error('nothing was heard')), 10_000);
    store.watch(from('row/', 'row0'), () => {
      clearTimeout(deadline);
      resolve();
    });
  });
}

test('watchers hear of the commits of other processes', async () => {
  const folder = temporaryFolder();
  const store = await openLmdb({ folder, world });
  await Promise.all([hears(store), acknowledged(commit(folder, 'increment', 'other', 1))]);
  await store.close();
});

test('watchers hear of a commit of another process that one of ours follows at once', async () => {
  const folder = temporaryFolder();
  const store = await openLmdb({ folder, world });
  await write(store, ['mine', '']);
  const heard = hears(store);
  let over = false;
  const writing = (async () => {
    while (!over) await write(store, ['mine', '']);
  })();
  await Promise.all([heard, acknowledged(commit(folder, 'increment', 'other', 1))]).finally(() => {
    over = true;
  });
  await writing;
  await store.close();
});

test('after a kill at any moment what was acknowledged is there, and nothing by half', async () => {
  const folder = temporaryFolder();
  let least = 0;
  for (let life = 0; life < scaled(30, 3); life++) {
    const child = commit(folder, 'increment', `life${life}`, 100_000);
    const killAfter = 1 + world.random.below(150);
    let lines = 0;
    const acks = await acknowledged(child, (chunk) => {
      lines += chunk.split('\n').length - 1;
      if (lines >= killAfter) child.kill('SIGKILL');
    });
    least += acks;
    const store = await openLmdb({ folder, world });
    const rows = await store.range(from('row/', 'row0'), { limit: 100_000 });
    const counter = Number(await read(store, 'counter'));
    assert.equal(rows.length, counter, 'each commit has its row and its count');
    assert.ok(counter >= least, `${least} were acknowledged, ${counter} are there`);
    for (let round = 0; round < acks; round++) {
      assert.ok(await read(store, `row/life${life}/${round}`), `round ${round} was acknowledged`);
    }
    least = counter;
    await store.close();
  }
});

test('a full disk refuses commits whole, and the store goes on when there is room', async (t) => {
  if (process.platform === 'win32') return t.skip('no limit on the size of files here');
  const folder = temporaryFolder();
  const limited = spawnSync(
    'sh',
    [
      '-c',
      'trap "" XFSZ; ulimit -f 3000; exec "$0" "$@"',
      process.execPath,
      committer,
      folder,
      'fill',
      'full',
      '60',
    ],
    { encoding: 'utf8' },
  );
  assert.equal(limited.status, 0, limited.stderr);
  const rounds = (word: string) =>
    [...limited.stdout.matchAll(new RegExp(`${word} (\\d+)`, 'g'))].map(([, n]) => n);
  const [kept, refused] = [rounds('ack'), rounds('refused')];
  assert.ok(kept.length > 0 && refused.length > 0, limited.stdout);
  const store = await openLmdb({ folder, world });
  const found = await store.range(from('row/', 'row0'), { limit: 1000 });
  assert.deepEqual(
    found.map(({ key }) => textOf(key)).sort(),
    kept.flatMap((round) => ['x', 'y'].map((row) => `row/full/${round}/${row}`)).sort(),
  );
  await write(store, ['row/full/after', '1']);
  await store.close();
});

function straceWorks(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
}

interface Call {
  readonly name: string;
  readonly args: string;
  readonly result: string;
}

/** The completed calls of all threads, each where it ended; `begun` notes where writes began. */
function* calls(trace: string): Generator<Call & { readonly begins: boolean }> {
  const unfinished = new Map<string, { name: string; args: string }>();
  for (const line of trace.split('\n')) {
    const begun = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/.exec(line);
    if (begun !== null) {
      const [, thread = '', name = '', args = ''] = begun;
      unfinished.set(thread, { name, args });
      yield { name, args, result: '', begins: true };
      continue;
    }
    const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.+)$/.exec(line);
    if (resumed !== null) {
      const [, thread = '', name = '', rest = '', result = ''] = resumed;
      yield { name, args: (unfinished.get(thread)?.args ?? '') + rest, result, begins: false };
      continue;
    }
    const whole = /^\d+ +(\w+)\((.*)\) += (.+)$/.exec(line);
    if (whole !== null) {
      const [, name = '', args = '', result = ''] = whole;
      yield { name, args, result, begins: true };
      yield { name, args, result, begins: false };
    }
  }
}

/**
 * Reads a trace: each acknowledgement comes after page writes, all of which a completed sync has followed or which
 * went through a descriptor that writes through; and what writes through, the page that makes the others current,
 * comes after their sync. Returns how many acknowledgements it saw.
 */
function checkSyncs(trace: string): number {
  const dataFiles = new Map<string, { readonly writesThrough: boolean }>();
  let acks = 0;
  let writes = 0;
  let unsynced = 0;
  /** Pages whose sync has begun. */
  let syncing = 0;
  for (const { name, args, result, begins } of calls(trace)) {
    const fd = /^\d+/.exec(args)?.[0] ?? '';
    const file = dataFiles.get(fd);
    if (name === 'openat' && !begins && args.includes('/data.mdb"')) {
      dataFiles.set(result, { writesThrough: /O_D?SYNC/.test(args) });
    } else if (name === 'close' && begins) {
      dataFiles.delete(fd);
    } else if (/^pwritev?2?(?:64)?$|^writev?$/.test(name) && file !== undefined) {
      if (!begins) continue;
      writes++;
      if (file.writesThrough)
        assert.equal(unsynced, 0, `${unsynced} pages not synced before those that name them`);
      else unsynced++;
    } else if (/^fd?a?t?a?sync$/.test(name) && file !== undefined) {
      if (begins) syncing = unsynced;
      else if (result.startsWith('0')) unsynced -= syncing;
    } else if (name === 'write' && begins && fd === '1' && args.includes('ack ')) {
      assert.ok(writes > 0, `acknowledgement ${acks} follows no write`);
      assert.equal(unsynced, 0, `acknowledgement ${acks} comes with ${unsynced} writes not synced`);
      writes = 0;
      acks++;
    }
  }
  return acks;
}

test('the sync is complete before the acknowledgement', async (t) => {
  if (!straceWorks()) return t.skip('strace is not installed, or may not trace here');
  for (const mode of ['increment', 'batch']) {
    const folder = temporaryFolder();
    const trace = join(folder, 'trace');
    const traced = 'trace=openat,close,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,msync';
    const child = spawn(
      'strace',
      ['-f', '-o', trace, '-e', traced, process.execPath, committer, folder, mode, 'x', '20'],
      { stdio: 'ignore' },
    );
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.equal(checkSyncs(readFileSync(trace, 'utf8')), 20);
  }
});

test('the reading of traces finds a sync that is missing, late or failed', () => {
  const opens =
    '7 openat(AT_FDCWD, "/x/data.mdb", O_RDWR) = 18\n7 openat(AT_FDCWD, "/x/data.mdb", O_WRONLY|O_DSYNC) = 19\n';
  const ack = '7 write(1, "ack 1\\n", 6) = 6\n';
  const page = '8 pwrite64(18, "..", 8192, 0) = 8192\n';
  const meta = '8 pwrite64(19, "..", 64, 0) = 64\n';
  assert.equal(checkSyncs(`${opens}${page}8 fdatasync(18) = 0\n${meta}${ack}`), 1);
  assert.throws(() => checkSyncs(`${opens}${page}${ack}8 fdatasync(18) = 0\n`), /1 writes not synced/);
  assert.throws(
    () => checkSyncs(`${opens}${page}${meta}8 fdatasync(18) = 0\n${ack}`),
    /before those that name/,
  );
  assert.throws(() => checkSyncs(`${opens}${page}8 fdatasync(18) = -1 EIO\n${ack}`), /not synced/);
  // A sync that began before a page was written says nothing of it.
  const early = `8 fdatasync(18 <unfinished ...>\n${page.replace('8', '9')}8 <... fdatasync resumed>) = 0\n`;
  assert.throws(() => checkSyncs(`${opens}${early}${ack}`), /not synced/);
  const late = `${opens}${page}8 fdatasync(18 <unfinished ...>\n${ack}8 <... fdatasync resumed>) = 0\n`;
  assert.throws(() => checkSyncs(late), /not synced/);
  assert.throws(() => checkSyncs(`${opens}${meta}${ack}${ack}`), /follows no write/);
});
