import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Random } from '../../world/world.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Authenticated encryption of secrets and session tokens: AES-256-GCM under keys of their own, derived from one. */
export interface Seal {
  /** Random IV, tag and text. `label` names what is sealed; it must be the same to open it. */
  seal(plain: Uint8Array, label: string): Buffer;
  /** `undefined` when the bytes were not sealed here under this label. */
  open(sealed: Uint8Array, label: string): Buffer | undefined;
  /** A text that only the holder of the key can derive from `label`. */
  derive(label: string, bytes: number): Buffer;
}

export function createSeal(key: Uint8Array, purpose: string, random: Random): Seal {
  const derived = (use: string) => Buffer.from(hkdfSync('sha256', key, '', `lambent/${purpose}/${use}`, 32));
  const encryption = derived('encryption');
  const derivation = derived('derivation');
  return {
    seal(plain, label) {
      const iv = random.bytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', encryption, iv).setAAD(Buffer.from(label));
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), text]);
    },
    open(sealed, label) {
      if (sealed.length < IV_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', encryption, sealed.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(label))
        .setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
    derive(label, bytes) {
      const mac = createHmac('sha512', derivation).update(label).digest();
      return mac.subarray(0, bytes);
    },
  };
}
