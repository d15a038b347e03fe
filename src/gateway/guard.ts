import { isIP } from 'node:net';

/** Names under which Lambent may be addressed, whatever it is bound to. */
const OWN_SUFFIXES = ['.localhost', '.localhost.localstack.cloud', '.amazonaws.com', '.api.aws'];
const OWN_NAMES = new Set([
  'localhost',
  'localhost.localstack.cloud',
  '127.0.0.1',
  '[::1]',
  // What SDKs make of `localhost` for operations with a host prefix of their own (StartLiveTail).
  'streaming-localhost',
  'stream-localhost',
]);
const CACHED_HOSTS = 1000;

/** The host of a `Host` header or an origin's authority: lower case, port removed. */
export function hostOf(authority: string): string {
  const host = authority.toLowerCase();
  if (host.startsWith('[')) return host.slice(0, host.indexOf(']') + 1);
  const colon = host.indexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

/** True for the addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

export interface Guard {
  /** An unknown host is how a rebound name of a foreign page reaches a loopback port. */
  readonly knownHost: (host: string) => boolean;
  /** A page from elsewhere: its scripts must not drive a server that trusts well-known keys. */
  readonly foreignOrigin: (origin: string) => boolean;
}

/** `boundHost` is the address the server listens on; when it is not loopback, any literal address may be ours. */
export function createGuard(boundHost: string): Guard {
  const open = !isLoopback(boundHost);
  const cache = new Map<string, boolean>();
  function known(host: string): boolean {
    if (OWN_NAMES.has(host) || host === boundHost.toLowerCase()) return true;
    if (OWN_SUFFIXES.some((suffix) => host.endsWith(suffix))) return true;
    return open && isIP(host.replace(/^\[|\]$/g, '')) !== 0;
  }
  const knownHost = (host: string): boolean => {
    const cached = cache.get(host);
    if (cached !== undefined) return cached;
    const answer = known(host);
    if (cache.size < CACHED_HOSTS) cache.set(host, answer);
    return answer;
  };
  return {
    knownHost,
    foreignOrigin: (origin) => {
      const host = hostOf(/^https?:\/\/([^/]+)$/i.exec(origin)?.[1] ?? '');
      return host.endsWith('.amazonaws.com') || !knownHost(host);
    },
  };
}
