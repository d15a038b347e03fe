import { strict as assert } from 'node:assert';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDataFolder, runningServer, UnreadableFolder } from '../../src/data-folder.ts';

const root = await mkdtemp(join(tmpdir(), 'lambent-folder-'));
after(() => rm(root, { recursive: true, force: true }));

const open = (path: string) => openDataFolder(path, (length) => new Uint8Array(length));

async function announced(name: string, pid: number): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  await writeFile(join(path, 'server.json'), JSON.stringify({ pid, endpoint: '', version: '' }));
  return path;
}

test('a folder belongs to the server that announced itself while its process runs', async () => {
  const others = await announced('others', process.ppid);
  assert.equal((await runningServer(others))?.pid, process.ppid);
  assert.equal((await open(others)).isSole, false);
});

test('an announcement of this very process id is of a life before, as containers have them', async () => {
  const own = await announced('own', process.pid);
  assert.equal(await runningServer(own), undefined);
  const first = await open(own);
  assert.equal(first.isSole, true);
  assert.equal((await open(own)).isSole, false, 'this process has it open already');
  await first.close();
  assert.equal((await open(own)).isSole, true);
});

test('a folder of another format is refused', async () => {
  const later = join(root, 'later');
  await open(later);
  await mkdir(join(later, 'store'));
  await open(later);
  await writeFile(join(later, 'format'), '9999');
  await assert.rejects(open(later), UnreadableFolder);
  await assert.rejects(open(later), /a later version/);
});
