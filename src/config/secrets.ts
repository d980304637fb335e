import { ed25519Key } from '../ed25519.ts';
import type { Reading } from './kinds.ts';

/**
 * `whsec_` and 24 to 64 bytes in base64, or `whsk_` and an Ed25519 private key in base64. Standard Webhooks says "standard
 * ed25519 key pair" and no length: what is met are the 32 bytes of RFC 8032 (the seed), and the 64 of NaCl and Go, the seed
 * with the public key behind it.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function signingSecret(text: string): Reading<string> {
  if (text.startsWith('whpk_')) return { refused: 'whpk_ is a public key, which receivers verify with: the private key that signs starts with whsk_' };
  const [prefix] = /^(?:whsec|whsk)_/.exec(text) ?? [];
  if (prefix === undefined) return { refused: 'a secret starts with whsec_, then has 24 to 64 bytes in base64; or with whsk_, then has an Ed25519 private key' };
  const base64 = text.slice(prefix.length);
  const bytes = Buffer.from(base64, 'base64');
  // Decoding skips what is not base64: only text that comes back the same is.
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return { refused: `what follows ${prefix} is not base64` };
  if (prefix === 'whsk_') return ed25519Key(bytes) === null ? { refused: NO_PRIVATE_KEY } : { value: text };
  if (bytes.length < 24 || bytes.length > 64) return { refused: 'what follows whsec_ must be 24 to 64 bytes in base64: this is too short or too long' };
  return { value: text };
}

const NO_PRIVATE_KEY = 'what follows whsk_ must be an Ed25519 private key of 32 or 64 bytes in base64';

/** The id or the secret of an OAuth 2.0 client (RFC 6749, appendix A). */
export function clientText(text: string): Reading<string> {
  return /^[\u0020-\u007e]+$/.test(text) ? { value: text } : { refused: 'expected text of printable ASCII characters' };
}

/** Scopes with single spaces between them (RFC 6749, 3.3). */
export function scopeText(text: string): Reading<string> {
  return /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/.test(text) ? { value: text } : { refused: 'expected scopes with single spaces between them: printable ASCII without " and \\' };
}

const MIN_TOKEN = 16;

export function adminToken(text: string): Reading<string> {
  if (!/^[\u0021-\u007e]*$/.test(text)) return { refused: 'a token is printable ASCII without spaces' };
  return text.length < MIN_TOKEN ? { refused: `a token has at least ${MIN_TOKEN} characters` } : { value: text };
}

/** Path of a file with a key, which is read when walhook starts. */
export function keyPath(text: string): Reading<string> {
  return text.startsWith('/') ? { value: text } : { refused: 'expected the absolute path of a file with a key of 32 bytes' };
}

/** Path of a PEM file; `tls-files.ts` looks into it. */
export function pemPath(text: string): Reading<string> {
  return text.startsWith('/') ? { value: text } : { refused: 'expected the absolute path of a PEM file' };
}
