import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { descendants } from './memory.ts';

const LOOPBACK_4 = '0100007F';

/**
 * Whether a process under one of `roots` holds the loopback connection that leaves from `port`: the kernel's table
 * names the socket, and the processes' descriptors say whose it is. False where there is no /proc.
 */
export function holdsConnection(roots: Iterable<number>, port: number): boolean {
  const socket = socketOf(port);
  if (socket === undefined) return false;
  const wanted = `socket:[${socket}]`;
  for (const pid of descendants(roots)) {
    let descriptors: string[];
    try {
      descriptors = readdirSync(`/proc/${pid}/fd`);
    } catch {
      // It ended between two looks.
      continue;
    }
    for (const descriptor of descriptors) {
      try {
        if (readlinkSync(`/proc/${pid}/fd/${descriptor}`) === wanted) return true;
      } catch {
        // Closed between two looks.
      }
    }
  }
  return false;
}

/** The inode of the socket bound to a loopback port on the client's side. */
function socketOf(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['tcp', 'tcp6']) {
    let text: string;
    try {
      text = readFileSync(`/proc/net/${table}`, 'latin1');
    } catch {
      continue;
    }
    for (const row of text.split('\n')) {
      const [, local = '', , , , , , , , inode] = row.trim().split(/\s+/);
      const [address = '', from] = local.split(':');
      // The same address written as IPv6 ends with it; ::1 ends with the other.
      const isLoopback = address.endsWith(LOOPBACK_4) || address.endsWith('00000000000000000000000001000000');
      if (from === hex && isLoopback && inode !== '0') return inode;
    }
  }
  return undefined;
}
