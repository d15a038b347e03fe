import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ControlGroups, within } from './control-groups.ts';

const folder = mkdtempSync(join(tmpdir(), 'lambent-groups-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A folder that looks like a group: plain files where the kernel has its own. */
function group(path: string, files: Readonly<Record<string, string>>): string {
  const at = join(folder, path);
  mkdirSync(at, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at, name), text);
  return at;
}

test('a delegated group hands its controllers down', () => {
  const own = group('unified/user/scope', {
    'cgroup.controllers': 'cpuset cpu io memory pids\n',
    'cgroup.procs': `${process.pid}\n`,
  });
  const groups = ControlGroups.find(join(folder, 'unified'), '0::/user/scope\n');
  assert.deepEqual([...(groups?.controllers ?? [])], ['memory', 'cpu', 'pids']);
  assert.equal(readFileSync(join(own, 'cgroup.subtree_control'), 'utf8'), '+memory +cpu +pids');
  assert.equal(readFileSync(join(own, 'lambent-server/cgroup.procs'), 'utf8'), String(process.pid));
  const made = groups?.make({ memoryMb: 128, tmpMb: 512 });
  assert.deepEqual(made?.doors, [join(own, `lambent-${process.pid}/0/cgroup.procs`)]);
  assert.equal(made?.ranOutOfMemory, false);
});

test('a group that others live in, or that hands nothing down, is left alone', () => {
  const shared = { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.procs': `1\n${process.pid}\n` };
  const own = group('shared/session', shared);
  assert.equal(ControlGroups.find(join(folder, 'shared'), '0::/session\n'), undefined);
  assert.equal(existsSync(join(own, 'lambent-server')), false);
  group('empty/session', { 'cgroup.controllers': '\n', 'cgroup.procs': `${process.pid}\n` });
  assert.equal(ControlGroups.find(join(folder, 'empty'), '0::/session\n'), undefined);
});

test('a command enters its group before it begins', () => {
  const group = {
    doors: ['/a/cgroup.procs', '/b/cgroup.procs'],
    settle: () => {},
    ranOutOfMemory: false,
    kill: () => {},
    remove: () => true,
  };
  assert.deepEqual(within(group, { file: 'bwrap', args: ['--x', 'y z'] }), {
    file: '/bin/sh',
    args: [
      '-c',
      'echo 0 >"$1"; echo 0 >"$2"; shift 2; exec "$@"',
      'sh',
      '/a/cgroup.procs',
      '/b/cgroup.procs',
      'bwrap',
      '--x',
      'y z',
    ],
  });
});
