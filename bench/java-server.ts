// Servers that are Java programs: from the cache folder, into which Maven brings them the first time.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, freePort, type PeerServer, runs, startPeer } from './peer-server.ts';

export interface JavaPackage {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly main: string;
  /** Options of the virtual machine, and the program's own. */
  readonly options: (folder: string, port: number) => readonly string[];
  readonly words?: (port: number) => readonly string[];
}

/** Starts it on a free port; a text says why it cannot be had. */
export async function startJava(wanted: JavaPackage): Promise<PeerServer | string> {
  if (!runs('java', ['-version'])) return 'no Java is installed';
  const folder = cacheFolder(`${wanted.artifact}-${wanted.version}`);
  if (!isComplete(wanted, folder) && !bring(wanted, folder)) {
    return 'its package is not in the cache folder and Maven cannot bring it';
  }
  const port = await freePort();
  return startPeer(port, 'java', [
    ...wanted.options(folder, port),
    '-cp',
    join(folder, '*'),
    wanted.main,
    ...(wanted.words?.(port) ?? []),
  ]);
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
