// Amazon's DynamoDB Local, where Java is: from the cache folder, into which Maven brings it the first time.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Newer ones need a newer Java than 17. */
const VERSION = '2.6.1';
const MAIN = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';
const START_MS = 60_000;

export interface DynamodbLocal {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts it in memory on a free port; a text says why it cannot be had. */
export async function startDynamodbLocal(): Promise<DynamodbLocal | string> {
  if (!runs('java', ['-version'])) return 'no Java is installed';
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'lambent-bench',
    `dynamodb-local-${VERSION}`,
  );
  if (!isComplete(folder) && !bring(folder)) {
    return 'its package is not in the cache folder and Maven cannot bring it';
  }
  const port = await freePort();
  const child = spawn(
    'java',
    [
      `-Djava.library.path=${folder}`,
      '-cp',
      join(folder, '*'),
      MAIN,
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
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

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function isComplete(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).includes(`DynamoDBLocal-${VERSION}.jar`);
}

/** Has Maven put the package, what it needs and SQLite's native libraries into one folder. */
function bring(folder: string): boolean {
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
      <groupId>com.amazonaws</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>${VERSION}</version>
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
  if (!brought || !isComplete(folder)) {
    rmSync(folder, { recursive: true, force: true });
    return false;
  }
  return true;
}

function freePort(): Promise<number> {
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
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false }, (incoming) => {
      incoming.resume();
      resolve(true);
    });
    outgoing.on('error', () => resolve(false));
    outgoing.end();
  });
}
