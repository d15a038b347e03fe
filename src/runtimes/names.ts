import { existsSync, realpathSync } from 'node:fs';
import type { View } from './sandbox.ts';

/** How sandboxes come to resolve AWS's names to this server, and to trust its certificates for them. */
export interface Names {
  /** In place of /etc/resolv.conf. */
  readonly resolverFile: string;
  /** Our authority alone, in PEM. */
  readonly authorityFile: string;
  /** The machine's authorities and ours, in PEM. */
  readonly bundleFile: string;
}

const BUNDLE = '/etc/lambent/ca-bundle.pem';
/** Where programs look that no variable tells otherwise. */
const PLACES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

export function viewsOf(names: Names | undefined): View[] {
  if (names === undefined) return [];
  const { resolverFile, bundleFile } = names;
  // Of links, what they lead to: that is what a sandbox can cover.
  const places = new Set(PLACES.filter((path) => existsSync(path)).map((path) => realpathSync(path)));
  return [
    { from: resolverFile, to: '/etc/resolv.conf' },
    { from: bundleFile, to: BUNDLE },
    ...[...places]
      .filter((path) => /^\/etc\/(?:ssl|pki)\//.test(path))
      .map((path) => ({ from: bundleFile, to: path })),
  ];
}

/**
 * Variables that tell SDKs and libraries, which bring authorities of their own, whom to trust. Node's own,
 * NODE_EXTRA_CA_CERTS, is not among them: it reads every authority at its start, which takes as long as the start.
 */
export function trustOf(names: Names | undefined): Record<string, string> {
  return names === undefined
    ? {}
    : {
        AWS_CA_BUNDLE: BUNDLE,
        REQUESTS_CA_BUNDLE: BUNDLE,
        SSL_CERT_FILE: BUNDLE,
      };
}
