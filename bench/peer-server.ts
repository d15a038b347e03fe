// Servers of others, each a process of its own.
import { execFileSync, spawn } from 'node:child_process';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

const START_MS = 60_000;

export interface PeerServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** A folder for what is brought once and used by every run. */
export function cacheFolder(name: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lambent-bench', name);
}

/** Starts a program that serves HTTP on `port`; a text says why it cannot be had. */
export async function startPeer(
  port: number,
  command: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<PeerServer | string> {
  const { cwd, env } = options;
  const child = spawn(command, words, { stdio: 'ignore', cwd, env: { ...process.env, ...env } });
  const gone = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
  };
  const end = performance.now() + START_MS;
  while (child.exitCode === null && performance.now() < end) {
    if (await answers(port)) return { port, stop };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await stop();
  return 'it did not start';
}

export function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}

/** Whether anything speaks HTTP there; what it says of a request without a signature does not matter. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false }, (incoming) => {
      incoming.resume();
      resolve(true);
    });
    outgoing.on('error', () => resolve(false));
    outgoing.end();
  });
}
