import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto';

/** Bytes of the salt and of AES-GCM's nonce and tag. */
const SALT = 16;
const NONCE = 12;
const TAG = 16;
const CIPHER = 'aes-256-gcm';

/**
 * A secret, encrypted with another one (AES-256-GCM, its key by HKDF-SHA256): who reads the state database alone learns nothing.
 * Gives salt, nonce, tag and ciphertext, one behind the other.
 */
export function seal(secret: string, by: string): Buffer {
  const salt = randomBytes(SALT);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, keyOf(by, salt), nonce);
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
}

/** The secret, if one of these has sealed it; else null. */
export function unseal(sealed: Buffer, by: readonly string[]): string | null {
  const [salt, nonce, tag] = [sealed.subarray(0, SALT), sealed.subarray(SALT, SALT + NONCE), sealed.subarray(SALT + NONCE, SALT + NONCE + TAG)];
  if (tag.length !== TAG) return null;
  for (const secret of by) {
    const decipher = createDecipheriv(CIPHER, keyOf(secret, salt), nonce, { authTagLength: TAG });
    decipher.setAuthTag(tag);
    try {
      return decipher.update(sealed.subarray(SALT + NONCE + TAG), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      // Another one has sealed it, or none.
    }
  }
  return null;
}

/** Tells whether a text is the secret. Of one with 24 random bytes or more nobody finds it out. */
export function fingerprintOf(secret: string): Buffer {
  return hash('sha256', `walhook signing secret\n${secret}`, 'buffer');
}

function keyOf(secret: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, 'walhook rotation', 32));
}
