import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { descendants } from './memory.ts';

/** A process of user code, with the sockets we gave it: output, the Runtime API and the log. */
export interface Holder {
  readonly pid: number;
  readonly given: ReadonlySet<string>;
}

/** The server's end of a TCP connection, as `net.Socket` names it. */
export interface ServerEnd {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localPort?: number | undefined;
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

/** Descriptors of a process; none when it has ended or is not ours to look at. */
function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/**
 * Whether `holder`, or a process it started, holds the client's end of a connection: processes' descriptors name their
 * sockets, and the kernel's table says which of them has the port. False where there is no /proc.
 */
export function holdsConnection(holder: Holder, connection: ServerEnd): boolean {
  const socket = clientSocket(connection)?.inode;
  if (socket === undefined || socket === ORPHAN || holder.given.has(socket)) return false;
  for (const pid of descendants([holder.pid])) if (holds(pid, socket)) return true;
  return false;
}

function holds(pid: number, socket: string): boolean {
  return descriptorsOf(pid).some((descriptor) => socketAt(pid, descriptor) === socket);
}

const ANYWHERE = ['00000000', '00000000000000000000000000000000'];

/**
 * The loopback address at which `holder`, or a process it started, alone listens on a port: `address` itself before the
 * usual one. Undefined when there is none, or another program listens there too and the kernel would choose between
 * them. Where there is no /proc to tell, the usual one.
 */
export function listenerOf(holder: Holder, port: number, address: string): string | undefined {
  if (process.platform !== 'linux') return USUAL_ADDRESS;
  const own = new Set<string>();
  const usual = new Set<string>();
  const writings = writingsOf(address);
  const others = [...writingsOf(USUAL_ADDRESS), ...ANYWHERE];
  rowOf(port, 0, (local, _remote, { state, inode }) => {
    if (state !== LISTENS) return false;
    if (writings.includes(local)) own.add(inode);
    else if (others.includes(local)) usual.add(inode);
    return false;
  });
  if (holdsAll(holder, own)) return address;
  return holdsAll(holder, usual) ? USUAL_ADDRESS : undefined;
}

/** Where everything listens that was told nothing else. */
export const USUAL_ADDRESS = '127.0.0.1';

/** False for no sockets at all. */
function holdsAll(holder: Holder, sockets: ReadonlySet<string>): boolean {
  const wanted = new Set(sockets);
  if (wanted.size === 0) return false;
  for (const pid of descendants([holder.pid])) {
    for (const descriptor of descriptorsOf(pid)) {
      const socket = socketAt(pid, descriptor);
      if (socket !== undefined && wanted.delete(socket) && wanted.size === 0) return true;
    }
  }
  return false;
}

/** Clients that are asked first: a test's or an application's process opens many connections. */
const MOST_RECENT = 8;

/**
 * Tells functions' connections from those of other programs of this machine. A socket need not be in any process's
 * descriptors (it may be closed already, or on its way from one process to another), so what counts is that another
 * program is seen to hold it: what nobody is seen to hold is taken for a function's.
 */
export class Openers {
  readonly #recent: number[] = [];
  #look: Look | undefined;

  /** False where there is no /proc. */
  isFunction(functions: Iterable<Holder>, connection: ServerEnd): boolean {
    if (process.platform !== 'linux') return false;
    const look = this.#lookOfTurn();
    // A connection that is younger than the look is not in it.
    const client = clientSocket(connection, look.table) ?? clientSocket(connection);
    // Functions share this network: a connection that stands and has no other end here comes from another one.
    if (client === undefined) return !isEstablished(connection);
    if (client.inode === ORPHAN) return true;
    // A sandbox knows one user, who is the server's own outside of it.
    if (client.uid !== process.getuid?.()) return false;
    const ours = new Set<number>();
    for (const { pid } of functions) for (const one of descendants([pid])) ours.add(one);
    for (const pid of this.#recent) if (!ours.has(pid) && look.holds(pid, client.inode)) return false;
    for (const pid of ours) if (holds(pid, client.inode)) return true;
    const holder = processes().find((pid) => !ours.has(pid) && holds(pid, client.inode));
    if (holder === undefined) return true;
    this.#recent.unshift(holder);
    this.#recent.length = Math.min(this.#recent.length, MOST_RECENT);
    return false;
  }

  /**
   * What was seen in this turn of the event loop, or is now. The kernel writes its table in milliseconds, however short
   * it is, and a client that opens many connections at once has most of them asked about in one turn.
   */
  #lookOfTurn(): Look {
    if (this.#look === undefined) {
      this.#look = new Look();
      setImmediate(() => {
        this.#look = undefined;
      });
    }
    return this.#look;
  }
}

/** The kernel's table and processes' sockets, as they were when they were first asked for. */
class Look {
  readonly #tables = new Map<string, string | undefined>();
  readonly #sockets = new Map<number, ReadonlySet<string>>();

  readonly table: ReadTable = (name) => {
    if (!this.#tables.has(name)) this.#tables.set(name, readTable(name));
    return this.#tables.get(name);
  };

  holds(pid: number, socket: string): boolean {
    let sockets = this.#sockets.get(pid);
    if (sockets === undefined) {
      sockets = socketsOf(pid);
      this.#sockets.set(pid, sockets);
    }
    // Opened since.
    return sockets.has(socket) || holds(pid, socket);
  }
}

function socketsOf(pid: number): ReadonlySet<string> {
  const sockets = new Set<string>();
  for (const descriptor of descriptorsOf(pid)) {
    const socket = socketAt(pid, descriptor);
    if (socket !== undefined) sockets.add(socket);
  }
  return sockets;
}

/** The youngest first: clients are commands, more often than not. */
function processes(): number[] {
  const pids: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid)) pids.push(pid);
  }
  return pids.sort((a, b) => b - a);
}

/** A row of the kernel's table of TCP sockets. proc(5) */
interface SocketRow {
  readonly state: string;
  readonly uid: number;
  readonly inode: string;
}

/** The inode of a socket that belongs to no process any more. */
const ORPHAN = '0';
const ESTABLISHED = '01';
const LISTENS = '0A';

/** A table of the kernel's as text; undefined where there is none. */
type ReadTable = (name: string) => string | undefined;

const readTable: ReadTable = (name) => {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1');
  } catch {
    return undefined;
  }
};

/** The client's end of the connection, when that is on this machine. */
function clientSocket(
  { remoteAddress = '', remotePort, localPort }: ServerEnd,
  table = readTable,
): SocketRow | undefined {
  return remotePort === undefined || localPort === undefined
    ? undefined
    : rowOf(remotePort, localPort, (local) => writingsOf(remoteAddress).includes(local), table);
}

function isEstablished({ remoteAddress = '', remotePort, localPort }: ServerEnd): boolean {
  if (remotePort === undefined || localPort === undefined) return false;
  const row = rowOf(localPort, remotePort, (_local, remote) => writingsOf(remoteAddress).includes(remote));
  return row?.state === ESTABLISHED;
}

function rowOf(
  localPort: number,
  remotePort: number,
  matches: (localAddress: string, remoteAddress: string, row: SocketRow) => boolean,
  tableOf = readTable,
): SocketRow | undefined {
  const [from, to] = [hexPort(localPort), hexPort(remotePort)];
  for (const table of ['tcp', 'tcp6']) {
    const text = tableOf(table);
    if (text === undefined) continue;
    // The table may be long, and only the rows that hold the port are worth taking apart.
    for (let at = text.indexOf(`:${from} `); at >= 0; at = text.indexOf(`:${from} `, at + 1)) {
      const start = text.lastIndexOf('\n', at) + 1;
      const [, local = '', remote = '', state = '', , , , uid = '', , inode = ORPHAN] = text
        .slice(start, text.indexOf('\n', at))
        .trim()
        .split(/\s+/);
      if (!local.endsWith(`:${from}`) || !remote.endsWith(`:${to}`)) continue;
      const row = { state, uid: Number(uid), inode };
      if (matches(local.slice(0, -5), remote.slice(0, -5), row)) return row;
    }
  }
  return undefined;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** How the table may write a loopback address: words of four bytes, each in the machine's order, as those are all little-endian. */
function writingsOf(address: string): readonly string[] {
  if (address === '::1') return ['00000000000000000000000001000000'];
  const four = address
    .replace(/^::ffff:/, '')
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
  return [four, `0000000000000000FFFF0000${four}`];
}
