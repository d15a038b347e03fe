// Servers that are Java programs: from the cache folder, into which Maven brings them the first time.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

const START_MS = 60_000;

export interface JavaServer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface JavaPackage {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly main: string;
  /** Options of the virtual machine, and the program's own. */
  readonly options: (folder: string, port: number) => readonly string[];
  readonly words?: (port: number) => readonly string[];
}

/** A folder for what is brought once and used by every run. */
export function cacheFolder(name: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lambent-bench', name);
}

/** Starts it on a free port; a text says why it cannot be had. */
export async function startJava(wanted: JavaPackage): Promise<JavaServer | string> {
  if (!runs('java', ['-version'])) return 'no Java is installed';
  const folder = cacheFolder(`${wanted.artifact}-${wanted.version}`);
  if (!isComplete(wanted, folder) && !bring(wanted, folder)) {
    return 'its package is not in the cache folder and Maven cannot bring it';
  }
  const port = await freePort();
  const child = spawn(
    'java',
    [...wanted.options(folder, port), '-cp', join(folder, '*'), wanted.main, ...(wanted.words?.(port) ?? [])],
    { stdio: 'ignore' },
  );
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

function isComplete({ artifact, version }: JavaPackage, folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).includes(`${artifact}-${version}.jar`);
}

/** Has Maven put the package, what it needs and its native libraries into one folder. */
function bring(wanted: JavaPackage, folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  const pom = join(folder, 'pom.xml');
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lambent</groupId>
  <artifactId>bench</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>${wanted.group}</groupId>
      <artifactId>${wanted.artifact}</artifactId>
      <version>${wanted.version}</version>
    </dependency>
  </dependencies>
</project>
`,
  );
  const brought = runs('mvn', [
    '-B',
    '-q',
    '-f',
    pom,
    'dependency:copy-dependencies',
    `-DoutputDirectory=${folder}`,
  ]);
  if (!brought || !isComplete(wanted, folder)) {
    rmSync(folder, { recursive: true, force: true });
    return false;
  }
  return true;
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
