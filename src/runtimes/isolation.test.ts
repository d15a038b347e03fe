import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { isolationOf, whyNoSandbox } from './isolation.ts';

const DENIED = 'bwrap: setting up uid map: Permission denied\nmore';

test('what keeps bubblewrap from its work is named, with what lets it', () => {
  const under = (settings: Readonly<Record<string, string>>) =>
    whyNoSandbox(DENIED, (name) => settings[name]);
  assert.match(
    under({ 'kernel/apparmor_restrict_unprivileged_userns': '1' }),
    /^bwrap: setting up uid map: Permission denied\. AppArmor .*\nsudo tee \/etc\/apparmor\.d\/bwrap <<'END'\n(.*\n)*profile bwrap \/usr\/bin\/bwrap flags=\(unconfined\) \{\n {2}userns,\n\}\nEND\nsudo apparmor_parser -r \/etc\/apparmor\.d\/bwrap$/,
  );
  assert.match(
    under({ 'kernel/unprivileged_userns_clone': '0' }),
    /sysctl -w kernel\.unprivileged_userns_clone=1$/,
  );
  assert.match(under({ 'user/max_user_namespaces': '0' }), /sysctl -w user\.max_user_namespaces=\d+$/);
  assert.match(under({}), /docker run --security-opt seccomp=unconfined/);
  assert.equal(
    whyNoSandbox('bwrap: execvp: no such file', () => '1'),
    'bwrap: execvp: no such file',
  );
});

test('the summary says what is missing and how to get it', { skip: process.platform !== 'linux' }, () => {
  const whole = isolationOf(
    { sandboxed: true, lack: undefined },
    { controllers: new Set(['memory', 'cpu', 'pids']) },
    true,
  );
  assert.match(
    whole.summary,
    /bubblewrap sandboxes.*\n.*bounded by control groups\n.*amazonaws\.com lead here from inside functions, by HTTPS too$/,
  );
  const bare = isolationOf({ sandboxed: false, lack: 'bubblewrap is not installed' }, undefined, false);
  assert.match(bare.summary, /PLAIN PROCESSES.*: bubblewrap is not installed\n/);
  assert.match(
    bare.summary,
    /memory is watched .* and processors are shared evenly.*systemd-run --user --scope/,
  );
  const noCpu = isolationOf(
    { sandboxed: true, lack: undefined },
    { controllers: new Set(['memory', 'pids']) },
    false,
  );
  assert.doesNotMatch(noCpu.summary, /memory is watched/);
  assert.match(noCpu.summary, /not by memory size/);
  assert.match(noCpu.summary, /ip_unprivileged_port_start=53$/);
});
