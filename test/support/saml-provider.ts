import { constants, createCipheriv, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import type { SelfSigned } from './certificate.ts';

export const SIGN_IN = 'https://signin.aws.amazon.com/saml';
const ATTRIBUTES = 'https://aws.amazon.com/SAML/Attributes/';

/** What a provider puts into a response; everything has a value that AWS takes. */
export interface SamlClaims {
  readonly issuer: string;
  readonly issuedAtMs: number;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly subject?: string;
  readonly audience?: string;
  readonly recipient?: string;
  readonly confirmedUntilMs?: number;
  readonly conditions?: { readonly fromMs?: number; readonly untilMs?: number };
  readonly endsAtMs?: number;
  readonly status?: string;
}

/** Metadata of a provider with these signing certificates. */
export function samlMetadata(entityId: string, ...keys: readonly SelfSigned[]): string {
  const descriptors = keys.map(
    ({ base64 }) =>
      `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  );
  const text = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${descriptors.join('')}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`;
  return `<?xml version="1.0"?>\n${text}\n${' '.repeat(Math.max(0, 1000 - text.length))}`;
}

/** A response that nobody has signed. */
export function samlResponse(claims: SamlClaims): string {
  const { issuer, issuedAtMs, attributes, subject = 'carol', audience = 'urn:amazon:webservices' } = claims;
  const instant = (ms: number) => new Date(ms).toISOString();
  const statements = Object.entries(attributes).map(([name, values]) => {
    const full = name.includes(':oid:') ? name : `${ATTRIBUTES}${name}`;
    return `<saml:Attribute Name="${full}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`;
  });
  const { fromMs = issuedAtMs - 60_000, untilMs = issuedAtMs + 300_000 } = claims.conditions ?? {};
  const session = claims.endsAtMs === undefined ? '' : ` SessionNotOnOrAfter="${instant(claims.endsAtMs)}"`;
  return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response" Version="2.0" IssueInstant="${instant(issuedAtMs)}" Destination="${SIGN_IN}"><saml:Issuer>${issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${claims.status ?? 'Success'}"/></samlp:Status><saml:Assertion ID="_assertion" Version="2.0" IssueInstant="${instant(issuedAtMs)}"><saml:Issuer>${issuer}</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">${subject}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${instant(claims.confirmedUntilMs ?? issuedAtMs + 300_000)}" Recipient="${claims.recipient ?? SIGN_IN}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${instant(fromMs)}" NotOnOrAfter="${instant(untilMs)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${instant(issuedAtMs)}"${session}><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>${statements.join('')}</saml:AttributeStatement></saml:Assertion></samlp:Response>`;
}

/** The text with a signature in it of one of its elements, by that element's name. */
export function signXml(
  text: string,
  element: 'Assertion' | 'Response',
  { privateKey, certificate }: SelfSigned,
) {
  const signed = new SignedXml({
    privateKey,
    publicCert: certificate,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  });
  const path = `//*[local-name(.)='${element}']`;
  signed.addReference({
    xpath: path,
    transforms: [
      'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
      'http://www.w3.org/2001/10/xml-exc-c14n#',
    ],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  });
  const issuer = `${path}/*[local-name(.)='Issuer']`;
  signed.computeSignature(text, { prefix: 'ds', location: { reference: issuer, action: 'after' } });
  return signed.getSignedXml();
}

/** The text with its assertion encrypted for a key, as providers do that know AWS's public key. */
export function encryptAssertion(text: string, publicKey: KeyObject, cipher: 'cbc' | 'gcm' = 'gcm'): string {
  const assertion = /<saml:Assertion .*<\/saml:Assertion>/s.exec(text)?.[0] ?? '';
  // Out of the response, the assertion has to bring its own prefixes.
  const whole = assertion.replace(
    '<saml:Assertion ',
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ',
  );
  const key = randomBytes(32);
  const sealed = cipher === 'gcm' ? gcm(whole, key) : cbc(whole, key);
  const wrapped = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    key,
  );
  const value = (bytes: Buffer) =>
    `<xenc:CipherData><xenc:CipherValue>${bytes.toString('base64')}</xenc:CipherValue></xenc:CipherData>`;
  const algorithm =
    cipher === 'gcm'
      ? 'http://www.w3.org/2009/xmlenc11#aes256-gcm'
      : 'http://www.w3.org/2001/04/xmlenc#aes256-cbc';
  return text.replace(
    assertion,
    `<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="${algorithm}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/>${value(wrapped)}</xenc:EncryptedKey></ds:KeyInfo>${value(sealed)}</xenc:EncryptedData></saml:EncryptedAssertion>`,
  );
}

function gcm(text: string, key: Buffer): Buffer {
  const iv = randomBytes(12);
  const aes = createCipheriv('aes-256-gcm', key, iv);
  return Buffer.concat([iv, aes.update(text), aes.final(), aes.getAuthTag()]);
}

/** XML encryption pads with anything, and says in the last byte how much. */
function cbc(text: string, key: Buffer): Buffer {
  const iv = randomBytes(16);
  const length = 16 - (Buffer.byteLength(text) % 16);
  const aes = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  const padding = Buffer.concat([Buffer.alloc(length - 1, 7), Buffer.from([length])]);
  return Buffer.concat([iv, aes.update(text), aes.update(padding), aes.final()]);
}
