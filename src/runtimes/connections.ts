import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { descendants } from './memory.ts';

const LOOPBACK_4 = '0100007F';

/** A process of user code, with the sockets we gave it: output, the Runtime API and the log. */
export interface Holder {
  readonly pid: number;
  readonly given: ReadonlySet<string>;
}

/** Descriptors a process is started with. */
const FIRST_DESCRIPTORS = [0, 1, 2, 3, 4];

/** The sockets a process that has just been started was given. A number says nothing later: it can be closed and taken again. */
export function givenSockets(pid: number): ReadonlySet<string> {
  const sockets = new Set<string>();
  for (const descriptor of FIRST_DESCRIPTORS) {
    const socket = socketAt(pid, descriptor);
    if (socket !== undefined) sockets.add(socket);
  }
  return sockets;
}

function socketAt(pid: number, descriptor: number | string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
  } catch {
    // Closed between two looks, or no /proc.
    return undefined;
  }
}

/**
 * Whether one of `holders`, or a process it started, holds the loopback connection that leaves from `port`: the
 * processes' descriptors name their sockets, and the kernel's table says which of them has the port. False where
 * there is no /proc. Most functions hold no socket of their own, and then the table, which may be long, is not read.
 */
export function holdsConnection(holders: Iterable<Holder>, port: number): boolean {
  const sockets = new Set<string>();
  for (const { pid, given } of holders) collectSockets(pid, given, sockets);
  const socket = sockets.size === 0 ? undefined : socketOf(port);
  return socket !== undefined && sockets.has(socket);
}

function collectSockets(root: number, given: ReadonlySet<string>, sockets: Set<string>): void {
  for (const pid of descendants([root])) {
    let descriptors: string[];
    try {
      descriptors = readdirSync(`/proc/${pid}/fd`);
    } catch {
      // It ended between two looks.
      continue;
    }
    for (const descriptor of descriptors) {
      const socket = socketAt(pid, descriptor);
      if (socket !== undefined && !given.has(socket)) sockets.add(socket);
    }
  }
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
    // The table may be long, and only the rows that hold the port are worth taking apart.
    for (let at = text.indexOf(`:${hex} `); at >= 0; at = text.indexOf(`:${hex} `, at + 1)) {
      const start = text.lastIndexOf('\n', at) + 1;
      const [, local = '', , , , , , , , inode] = text
        .slice(start, text.indexOf('\n', at))
        .trim()
        .split(/\s+/);
      const [address = '', from] = local.split(':');
      // The same address written as IPv6 ends with it; ::1 ends with the other.
      const isLoopback = address.endsWith(LOOPBACK_4) || address.endsWith('00000000000000000000000001000000');
      if (from === hex && isLoopback && inode !== '0') return inode;
    }
  }
  return undefined;
}
