import { randomBytes } from 'node:crypto';
import { ed25519Key, publicKeyText } from '../ed25519.ts';

/** A new signing secret of the same kind as another one: `whsec_` and 32 random bytes in base64, or `whsk_` and the seed of an Ed25519 key. */
export function newSecret(like: string): string {
  return `${like.startsWith('whsk_') ? 'whsk_' : 'whsec_'}${randomBytes(32).toString('base64')}`;
}

/** `whpk_…`, by which receivers verify; null for a secret of HMAC, which both sides have. */
export function publicKeyOf(secret: string): string | null {
  const key = secret.startsWith('whsk_') ? ed25519Key(Buffer.from(secret.slice('whsk_'.length), 'base64')) : null;
  return key === null ? null : publicKeyText(key);
}
