import { readFileSync } from 'node:fs';
import type { Runtimes } from '../service/runtimes.ts';
import type { ControlGroups } from './control-groups.ts';
import type { Sandbox } from './sandbox.ts';

/** How a process gets a group of its own to make more in. systemd-run(1) */
const DELEGATED = 'systemd-run --user --scope -p Delegate=yes lambent up …';

/** What functions are kept from and what not, and how to get what is missing: for the start-up and for `status`. */
export function isolationOf(
  { sandboxed, lack }: Pick<Sandbox, 'sandboxed' | 'lack'>,
  groups: Pick<ControlGroups, 'controllers'> | undefined,
  awsNames: boolean,
): Runtimes['isolation'] {
  const has = (controller: 'memory' | 'cpu' | 'pids') => groups?.controllers.has(controller) === true;
  const words: string[] = [
    sandboxed
      ? 'functions run in bubblewrap sandboxes; the network is this machine’s'
      : `functions run as PLAIN PROCESSES without a sandbox, with your files and rights: ${lack}`,
  ];
  if (process.platform === 'linux') {
    const missing = [
      ...(has('memory') ? [] : ['memory is watched ten times a second, not bounded by the kernel']),
      ...(has('cpu') ? [] : ['processors are shared evenly, not by memory size']),
    ];
    if (missing.length > 0) {
      words.push(
        `control groups are not this process’s to make, so ${missing.join(' and ')}; to get them: ${DELEGATED}`,
      );
    } else words.push('memory, processes and processor share are bounded by control groups');
  } else words.push('memory and processes are not bounded');
  if (sandboxed) {
    words.push(
      awsNames
        ? 'names under amazonaws.com lead here from inside functions, by HTTPS too'
        : 'names under amazonaws.com lead to AWS from inside functions (SDKs that know AWS_ENDPOINT_URL come here); ports 53 and 443 would lead them here: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=53',
    );
  }
  return { sandboxed, summary: words.join('\n  ') };
}

/** Ubuntu's own words for letting one program make user namespaces. https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces */
const APPARMOR_PROFILE = [
  'abi <abi/4.0>,',
  'include <tunables/global>',
  'profile bwrap /usr/bin/bwrap flags=(unconfined) {',
  '  userns,',
  '}',
].join('\n');

/** A setting of the running kernel under /proc/sys; undefined where it has none of that name. */
export function kernelSays(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** What bubblewrap complained of, with what forbids it here and how to allow it. */
export function whyNoSandbox(stderr: string, says: (setting: string) => string | undefined): string {
  const [line = ''] = stderr.split('\n');
  if (!/permission denied|operation not permitted|uid map|namespace|no space left/i.test(line)) return line;
  if (says('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return `${line}. AppArmor keeps bubblewrap from making user namespaces, as it does on Ubuntu 24.04 and later. This lets it:\nsudo tee /etc/apparmor.d/bwrap <<'END'\n${APPARMOR_PROFILE}\nEND\nsudo apparmor_parser -r /etc/apparmor.d/bwrap`;
  }
  if (says('kernel/unprivileged_userns_clone') === '0') {
    return `${line}. The kernel keeps ordinary users from making user namespaces. This lets them:\nsudo sysctl -w kernel.unprivileged_userns_clone=1`;
  }
  if (says('user/max_user_namespaces') === '0') {
    return `${line}. The kernel is set to make no user namespaces. This lets it:\nsudo sysctl -w user.max_user_namespaces=15000`;
  }
  return `${line}. Something around Lambent forbids namespaces, as containers do: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined lets it make them`;
}
