import { X509Certificate } from 'node:crypto';
import { childrenOf, descendantsOf, parseXml } from './saml-xml.ts';

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
const SIGNATURES = 'http://www.w3.org/2000/09/xmldsig#';

/** What a SAML provider's metadata says of it. https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf */
export interface SamlMetadata {
  readonly entityId: string;
  /** The certificates of its signing keys, PEM. */
  readonly certificates: readonly string[];
}

/** Undefined for what is no metadata of an identity provider. */
export function readMetadata(text: string): SamlMetadata | undefined {
  const root = parseXml(text)?.documentElement;
  if (root?.namespaceURI !== METADATA || root.localName !== 'EntityDescriptor') return undefined;
  const keys = childrenOf(root, METADATA, 'IDPSSODescriptor').flatMap((descriptor) =>
    childrenOf(descriptor, METADATA, 'KeyDescriptor'),
  );
  const certificates = keys
    .filter((key) => key.getAttribute('use') !== 'encryption')
    .flatMap((key) => descendantsOf(key, SIGNATURES, 'X509Certificate'))
    .flatMap((element) => pemOf(element.textContent ?? ''));
  return { entityId: root.getAttribute('entityID') ?? '', certificates };
}

function pemOf(base64: string): string[] {
  try {
    return [new X509Certificate(Buffer.from(base64, 'base64')).toString()];
  } catch {
    return [];
  }
}
