import type { Document, Element } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { childrenOf, descendantsOf, parseXml } from '../../wire/saml-xml.ts';

export const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';
const SIGNATURES = 'http://www.w3.org/2000/09/xmldsig#';

/** What may be done to the signed element before it is digested: anything else could leave parts of it out. */
const TRANSFORMS = new Set([
  'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
  'http://www.w3.org/2001/10/xml-exc-c14n#',
  'http://www.w3.org/2001/10/xml-exc-c14n#WithComments',
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315',
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments',
]);

/**
 * The assertion of a response, as one of the certificates signed it: read from the very bytes that were digested, so
 * that nothing which stands beside them counts. Undefined when no signature of theirs covers exactly one assertion.
 * https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf, section 5.4
 */
export function signedAssertion(
  response: Document,
  text: string,
  certificates: readonly string[],
): Element | undefined {
  const assertions = descendantsOf(response, ASSERTION, 'Assertion');
  const [assertion] = assertions;
  if (assertions.length !== 1 || assertion === undefined) return undefined;
  if (assertion.parentNode !== response.documentElement) return undefined;
  for (const signed of [assertion, response.documentElement]) {
    const signatures = childrenOf(signed, SIGNATURES, 'Signature');
    if (signatures.length === 0) continue;
    const [signature] = signatures;
    if (signatures.length !== 1 || signature === undefined) return undefined;
    const bytes = firstSigned(text, signed, signature, certificates);
    if (bytes !== undefined) return assertionIn(bytes);
  }
  return undefined;
}

/**
 * The assertion of a response that holds it encrypted. Either the response as a whole is signed, and what it holds is
 * opened out of the bytes that were; or the assertion is, and its signature is looked at once it is open.
 */
export function signedEncryptedAssertion(
  response: Document,
  text: string,
  certificates: readonly string[],
  open: (encrypted: Element) => string | undefined,
): Element | undefined {
  const root = response.documentElement;
  const encrypted = descendantsOf(response, ASSERTION, 'EncryptedAssertion');
  const [only] = encrypted;
  if (encrypted.length !== 1 || only === undefined || only.parentNode !== root) return undefined;
  const signatures = childrenOf(root, SIGNATURES, 'Signature');
  const [signature] = signatures;
  if (signature === undefined) {
    const opened = open(only);
    const assertion = opened === undefined ? undefined : parseXml(opened)?.documentElement;
    if (opened === undefined || assertion === undefined) return undefined;
    const [inner, ...others] = childrenOf(assertion, SIGNATURES, 'Signature');
    return inner === undefined || others.length > 0
      ? undefined
      : assertionIn(firstSigned(opened, assertion, inner, certificates));
  }
  if (signatures.length !== 1) return undefined;
  const signed = parseXml(firstSigned(text, root, signature, certificates) ?? '')?.documentElement;
  const [held] = signed === undefined ? [] : childrenOf(signed, ASSERTION, 'EncryptedAssertion');
  return assertionIn(held && open(held));
}

/** What the first of the certificates that fits signed. */
function firstSigned(
  text: string,
  signed: Element,
  signature: Element,
  certificates: readonly string[],
): string | undefined {
  for (const certificate of certificates) {
    const bytes = signedBytes(text, signed, signature, certificate);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

/** What a signature covers, in canonical form, if it is good and covers just the element it stands in. */
function signedBytes(
  text: string,
  signed: Element,
  signature: Element,
  certificate: string,
): string | undefined {
  const id = signed.getAttribute('ID');
  if (id === null || id === '') return undefined;
  // A key that the message brings along proves nothing.
  const check = new SignedXml({
    publicCert: certificate,
    getCertFromKeyInfo: () => null,
  });
  try {
    check.loadSignature(signature);
    if (!check.checkSignature(text)) return undefined;
  } catch {
    return undefined;
  }
  const references = check.getReferences();
  const [reference] = references;
  if (references.length !== 1 || reference?.uri !== `#${id}`) return undefined;
  if (!reference.transforms.every((transform) => TRANSFORMS.has(transform))) return undefined;
  return check.getSignedReferences()[0];
}

function assertionIn(bytes: string | undefined): Element | undefined {
  if (bytes === undefined) return undefined;
  const root = parseXml(bytes)?.documentElement;
  if (root?.namespaceURI === ASSERTION && root.localName === 'Assertion') return root;
  if (root?.namespaceURI !== PROTOCOL || root.localName !== 'Response') return undefined;
  const assertions = childrenOf(root, ASSERTION, 'Assertion');
  return assertions.length === 1 ? assertions[0] : undefined;
}
