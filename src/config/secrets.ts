import type { Reading } from './kinds.ts';

/**
 * `whsec_` and 24 to 64 bytes in base64.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function signingSecret(text: string): Reading<string> {
  if (text.startsWith('whsk_')) return { refused: 'whsk_ keys (Ed25519) are not supported yet by walhook 0.1: use a whsec_ secret' };
  if (!text.startsWith('whsec_')) return { refused: 'a secret starts with whsec_, then has 24 to 64 bytes in base64' };
  const base64 = text.slice('whsec_'.length);
  const bytes = Buffer.from(base64, 'base64');
  // Decoding skips what is not base64: only text that comes back the same is.
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) return { refused: 'what follows whsec_ is not base64' };
  if (bytes.length < 24 || bytes.length > 64) return { refused: 'what follows whsec_ must be 24 to 64 bytes in base64: this is too short or too long' };
  return { value: text };
}

const MIN_TOKEN = 16;

export function adminToken(text: string): Reading<string> {
  if (!/^[\u0021-\u007e]*$/.test(text)) return { refused: 'a token is printable ASCII without spaces' };
  return text.length < MIN_TOKEN ? { refused: `a token has at least ${MIN_TOKEN} characters` } : { value: text };
}

/** Path of a PEM file; `tls-files.ts` looks into it. */
export function pemPath(text: string): Reading<string> {
  return text.startsWith('/') ? { value: text } : { refused: 'expected the absolute path of a PEM file' };
}
