import { readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { createServer, rootCertificates, type Server as TlsServer } from 'node:tls';
import type { World } from '../../world/world.ts';
import { Authority } from './authority.ts';
import { NameServer } from './name-server.ts';

/**
 * AWS's names inside sandboxes: old SDKs know no other way to say where AWS is. A name server gives this server's
 * address for them, and there it answers on the port of HTTPS, with certificates that sandboxes trust.
 */
export interface AwsNames {
  /** For a sandbox's /etc/resolv.conf: a file that names our name server. */
  readonly resolverFile: string;
  /** Our authority alone, in PEM. */
  readonly authorityFile: string;
  /** The machine's authorities and ours, in PEM. */
  readonly bundleFile: string;
  /** What comes in goes to this server. */
  serve(server: Server): void;
  close(): void;
}

/** Where systems keep the authorities they trust. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const HTTPS = 443;
const ATTEMPTS = 64;

/** An address of this process's own among the 16 million of loopback: others may serve HTTPS on the usual one. */
function addressOf(attempt: number): string {
  const number = (process.pid + attempt * 4093) & 0xffff;
  return `127.76.${number >> 8}.${number & 0xff || 1}`;
}

/** Undefined where ports below 1024 are not this process's to take. `folder` is of its own. */
export async function openAwsNames(world: World, folder: string): Promise<AwsNames | undefined> {
  if (process.platform !== 'linux') return undefined;
  const resolver = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const upstream = /^\s*nameserver\s+(\S+)/m.exec(resolver)?.[1];
  const authority = await Authority.open(folder, world);
  let served: Server | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const address = addressOf(attempt);
    const https = createServer(
      { SNICallback: (name, done) => done(null, authority.contextOf(name.toLowerCase())) },
      (socket) => served?.emit('connection', socket),
    );
    let names: NameServer;
    try {
      await listen(https, address);
      names = await NameServer.listen(world, address, upstream);
    } catch (error) {
      https.close();
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') continue;
      if (code === 'EACCES' || code === 'EPERM' || code === 'EADDRNOTAVAIL') return undefined;
      throw error;
    }
    const files = {
      resolverFile: join(folder, 'resolv.conf'),
      authorityFile: join(folder, 'aws-names.pem'),
      bundleFile: join(folder, 'ca-bundle.pem'),
    };
    const others = resolver.split('\n').filter((line) => !/^\s*nameserver/.test(line));
    await writeFile(files.resolverFile, [`nameserver ${address}`, ...others].join('\n'));
    await writeFile(files.bundleFile, `${await machineBundle()}\n${authority.pem}`);
    return {
      ...files,
      serve: (server) => {
        served = server;
      },
      close: () => {
        https.close();
        names.close();
      },
    };
  }
  return undefined;
}

function listen(server: TlsServer, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // What does not speak TLS, or trusts others, goes.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.listen(HTTPS, address, () => {
      server.unref();
      resolve();
    });
  });
}

async function machineBundle(): Promise<string> {
  for (const path of BUNDLES) {
    try {
      return await readFile(path, 'utf8');
    } catch {
      // Another system's place.
    }
  }
  return rootCertificates.join('\n');
}
