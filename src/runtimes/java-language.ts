import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { STORE_PASSWORD, trustStore } from './java-trust.ts';
import type { Language, LanguageOptions } from './languages.ts';
import { madeOnce } from './made-once.ts';
import type { View } from './sandbox.ts';

const run = promisify(execFile);

interface JavaFacts {
  readonly home: string;
  /** 17 for Java 17. */
  readonly major: number;
}

/** Asks the `java` on the PATH about itself; undefined when there is none that is new enough. */
async function javaFacts(): Promise<JavaFacts | undefined> {
  try {
    const { stderr } = await run('java', ['-Xshare:auto', '-XshowSettings:properties', '-version'], {
      timeout: 20_000,
    });
    const home = /java\.home = (.*)/.exec(stderr)?.[1]?.trim();
    const major = Number(/java\.specification\.version = (\d+)/.exec(stderr)?.[1]);
    return home === undefined || major < 11 ? undefined : { home: await realpath(home), major };
  } catch {
    return undefined;
  }
}

/** Where systems keep the JDKs they install beside each other. */
const PLACES = ['/usr/lib/jvm', '/Library/Java/JavaVirtualMachines'];

/** The JDKs of this machine, by the file in which each says its version; the oldest first. */
async function installed(): Promise<JavaFacts[]> {
  const found = new Map<string, JavaFacts>();
  for (const place of PLACES) {
    const names = await readdir(place).catch(() => []);
    for (const path of names.flatMap((name) => [join(place, name), join(place, name, 'Contents/Home')])) {
      try {
        const home = await realpath(path);
        const release = await readFile(join(home, 'release'), 'utf8');
        const major = Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1]);
        if (major >= 11 && existsSync(join(home, 'bin/javac'))) found.set(home, { home, major });
      } catch {
        // Not a JDK, or one that has been removed in part.
      }
    }
  }
  return [...found.values()].sort((a, b) => a.major - b.major);
}

/** The JDK of this major; else the `java` on the PATH, unless that is older and another one here is not. */
async function factsFor(wanted: number): Promise<JavaFacts | undefined> {
  const homes = await installed();
  const exact = homes.find(({ major }) => major === wanted);
  if (exact !== undefined) return exact;
  const usual = await javaFacts();
  if (usual !== undefined && usual.major >= wanted) return usual;
  return homes.find(({ major }) => major >= wanted) ?? usual ?? homes.at(-1);
}

/**
 * Our runtime client, compiled once for every Java that is here, into a folder named by its sources. Undefined when it
 * has yet to be compiled and no compiler is here.
 */
async function compiled(home: string, sources: string, folder: string): Promise<string | undefined> {
  const roots = ['lambent', 'core'];
  const files: string[] = [];
  for (const root of roots) {
    for (const entry of await readdir(join(sources, root), { recursive: true })) {
      if (entry.endsWith('.java')) files.push(join(root, entry));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(await readFile(join(sources, file)));
  const target = join(folder, `java-${hash.digest('hex').slice(0, 16)}`);
  const javac = join(home, 'bin', 'javac');
  if (!existsSync(target) && !existsSync(javac)) return undefined;
  return madeOnce(target, async (unfinished) => {
    for (const root of roots) {
      const into = join(unfinished, root);
      await mkdir(into, { recursive: true });
      const own = files.filter((file) => file.startsWith(`${root}/`)).map((file) => join(sources, file));
      await run(javac, ['--release', '11', '-nowarn', '-d', into, ...own]);
    }
  });
}

/** Where Java's own files lie outside of what every sandbox shows: Debian keeps its configuration in /etc. */
async function viewsOf(home: string): Promise<View[]> {
  const folders = new Set<string>();
  if (!home.startsWith('/usr/')) folders.add(home);
  for (const name of [
    'conf/security/java.security',
    'conf/logging.properties',
    'lib/security/default.policy',
  ]) {
    try {
      const real = await realpath(join(home, name));
      const top = real.split('/').slice(0, 3).join('/');
      if (!real.startsWith('/usr/') && !real.startsWith(`${home}/`)) folders.add(top);
    } catch {
      // Older and newer versions lack one or the other.
    }
  }
  return [...folders].map((folder) => ({ from: folder, to: folder }));
}

const TRUST_STORE = '/etc/lambent/java-trust.jks';

/** Lambda gives the heap most of the memory; the machine itself needs the rest. */
const HEAP_SHARE = 0.7;

/** Undefined when there is no Java, or no way to compile our client for it. */
export async function javaLanguage(
  options: LanguageOptions,
  version: string | undefined,
): Promise<Language | undefined> {
  const facts = await factsFor(Number(version));
  if (facts === undefined) return undefined;
  const { home, major } = facts;
  const client = await compiled(home, join(options.bootstraps, 'java'), dirname(options.folder));
  if (client === undefined) return undefined;
  const { sandboxed, authorityFile } = options;
  const trusted =
    sandboxed && authorityFile !== undefined
      ? await trustStore(home, authorityFile, dirname(options.folder))
      : undefined;
  const shown = sandboxed ? '/var/lang/java' : client;
  return {
    family: 'java',
    version: String(major),
    views: sandboxed
      ? [
          ...(await viewsOf(home)),
          { from: client, to: shown },
          ...(trusted === undefined ? [] : [{ from: trusted, to: TRUST_STORE }]),
        ]
      : [],
    environment: () => ({}),
    isOwnProgram: () => false,
    command: ({ memoryMb }) => ({
      file: join(home, 'bin', 'java'),
      args: [
        `-Xmx${Math.max(32, Math.floor(memoryMb * HEAP_SHARE))}m`,
        '-XX:+UseSerialGC',
        // Starts in half the time; functions seldom live long enough for the optimising compiler to pay.
        '-XX:TieredStopAtLevel=1',
        '-Xshare:auto',
        '-XX:+ExitOnOutOfMemoryError',
        ...(major >= 24 ? ['--enable-native-access=ALL-UNNAMED'] : []),
        // Descriptors 3 and 4 are ours by number, and a claimed process gets its variables late.
        '--add-opens=java.base/java.io=ALL-UNNAMED',
        '--add-opens=java.base/java.util=ALL-UNNAMED',
        ...(trusted === undefined
          ? []
          : [
              `-Djavax.net.ssl.trustStore=${TRUST_STORE}`,
              `-Djavax.net.ssl.trustStorePassword=${STORE_PASSWORD}`,
            ]),
        '-Dfile.encoding=UTF-8',
        // From Java 19 on these follow the locale, and not the line above.
        '-Dstdout.encoding=UTF-8',
        '-Dstderr.encoding=UTF-8',
        '-cp',
        join(shown, 'lambent'),
        'lambent.Main',
        join(shown, 'core'),
      ],
    }),
  };
}
