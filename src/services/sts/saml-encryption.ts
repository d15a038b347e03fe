import { constants, createDecipheriv, privateDecrypt } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { childrenOf, descendantsOf, textOf } from '../../wire/saml-xml.ts';

const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';
const XMLENC11 = 'http://www.w3.org/2009/xmlenc11#';
const SIGNATURES = 'http://www.w3.org/2000/09/xmldsig#';

/** Bytes of the key, of the initialisation vector before the text, and of the tag after it. */
const CIPHERS: Readonly<
  Record<
    string,
    { readonly name: 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' } | { readonly gcm: 128 | 192 | 256 }
  >
> = {
  [`${XMLENC}aes128-cbc`]: { name: 'aes-128-cbc' },
  [`${XMLENC}aes192-cbc`]: { name: 'aes-192-cbc' },
  [`${XMLENC}aes256-cbc`]: { name: 'aes-256-cbc' },
  [`${XMLENC11}aes128-gcm`]: { gcm: 128 },
  [`${XMLENC11}aes192-gcm`]: { gcm: 192 },
  [`${XMLENC11}aes256-gcm`]: { gcm: 256 },
};
const BLOCK = 16;
const NONCE = 12;
const TAG = 16;

const DIGESTS: Readonly<Record<string, string>> = {
  'http://www.w3.org/2000/09/xmldsig#sha1': 'sha1',
  [`${XMLENC}sha256`]: 'sha256',
  [`${XMLENC}sha512`]: 'sha512',
};

/**
 * The text of the assertion in an EncryptedAssertion, by whichever of the private keys (PEM) opens it; undefined when none
 * does, and for what is encrypted in another way than RSA-OAEP and AES.
 * https://www.w3.org/TR/xmlenc-core1/
 */
export function decryptedAssertion(encrypted: Element, privateKeys: readonly string[]): string | undefined {
  const [data, ...more] = childrenOf(encrypted, XMLENC, 'EncryptedData');
  if (data === undefined || more.length > 0) return undefined;
  const cipher = CIPHERS[algorithmOf(data) ?? ''];
  const text = cipherValue(data);
  if (cipher === undefined || text === undefined) return undefined;
  for (const wrapped of descendantsOf(encrypted, XMLENC, 'EncryptedKey')) {
    for (const privateKey of privateKeys) {
      const key = unwrapped(wrapped, privateKey);
      const opened =
        key && ('gcm' in cipher ? openGcm(text, key, cipher.gcm) : openCbc(text, key, cipher.name));
      if (opened !== undefined) return opened.toString();
    }
  }
  return undefined;
}

function algorithmOf(element: Element): string | undefined {
  return childrenOf(element, XMLENC, 'EncryptionMethod')[0]?.getAttribute('Algorithm') ?? undefined;
}

function cipherValue(element: Element): Buffer | undefined {
  const value = textOf(childrenOf(element, XMLENC, 'CipherData')[0], XMLENC, 'CipherValue');
  return value === undefined ? undefined : Buffer.from(value.replace(/\s/g, ''), 'base64');
}

function unwrapped(wrapped: Element, privateKey: string): Buffer | undefined {
  const oaepHash = digestOf(wrapped);
  const key = cipherValue(wrapped);
  if (oaepHash === undefined || key === undefined) return undefined;
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, key);
  } catch {
    return undefined;
  }
}

/** The digest of OAEP, where its mask is made with the same; PKCS #1 v1.5 tells whoever asks often what is in it. */
function digestOf(wrapped: Element): string | undefined {
  const [method] = childrenOf(wrapped, XMLENC, 'EncryptionMethod');
  const algorithm = method?.getAttribute('Algorithm');
  const [named] = method === undefined ? [] : childrenOf(method, SIGNATURES, 'DigestMethod');
  const digest = DIGESTS[named?.getAttribute('Algorithm') ?? 'http://www.w3.org/2000/09/xmldsig#sha1'];
  if (algorithm === `${XMLENC}rsa-oaep-mgf1p`) return digest === 'sha1' ? digest : undefined;
  if (algorithm !== `${XMLENC11}rsa-oaep`) return undefined;
  const [mask] = method === undefined ? [] : childrenOf(method, XMLENC11, 'MGF');
  const masked = mask?.getAttribute('Algorithm') ?? `${XMLENC11}mgf1sha1`;
  return masked === `${XMLENC11}mgf1${digest}` ? digest : undefined;
}

function openCbc(
  text: Buffer,
  key: Buffer,
  name: 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc',
): Buffer | undefined {
  try {
    const decipher = createDecipheriv(name, key, text.subarray(0, BLOCK)).setAutoPadding(false);
    const padded = Buffer.concat([decipher.update(text.subarray(BLOCK)), decipher.final()]);
    // Only the last byte of XML encryption's padding says something: how long it is.
    const length = padded.at(-1) ?? 0;
    return length < 1 || length > BLOCK ? undefined : padded.subarray(0, padded.length - length);
  } catch {
    return undefined;
  }
}

function openGcm(text: Buffer, key: Buffer, bits: 128 | 192 | 256): Buffer | undefined {
  try {
    const decipher = createDecipheriv(`aes-${bits}-gcm`, key, text.subarray(0, NONCE), {
      authTagLength: TAG,
    });
    decipher.setAuthTag(text.subarray(text.length - TAG));
    return Buffer.concat([decipher.update(text.subarray(NONCE, text.length - TAG)), decipher.final()]);
  } catch {
    return undefined;
  }
}
