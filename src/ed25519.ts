import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** Octets of a private key as RFC 8032 (5.1.5) has it, which NaCl and Go call the seed; and of a public key. */
const HALF = 32;

/** What stands before the 32 octets of a private key in PKCS #8, in DER: version 0, id-Ed25519, octet string in octet string (RFC 8410, 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The key of 32 octets, or of 64: NaCl's and Go's form, with the public key in the second half.
 * null for any other length, and for a second half that is not the first one's public key.
 */
export function ed25519Key(octets: Buffer): KeyObject | null {
  if (octets.length !== HALF && octets.length !== 2 * HALF) return null;
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, octets.subarray(0, HALF)]), format: 'der', type: 'pkcs8' });
  return octets.length === HALF || publicOctets(key).equals(octets.subarray(HALF)) ? key : null;
}

/** `whpk_…`: what receivers verify with. */
export function publicKeyText(key: KeyObject): string {
  return `whpk_${publicOctets(key).toString('base64')}`;
}

function publicOctets(key: KeyObject): Buffer {
  return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
}
