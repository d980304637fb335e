import { hash, type KeyObject, sign } from 'node:crypto';
import { WalhookError, EXIT } from '../errors.ts';
import { ed25519Key, publicKeyText } from '../ed25519.ts';

/** SHA-256's block size in bytes: what HMAC pads a key to (RFC 2104). */
const BLOCK = 64;
/** Room for `id.timestamp.body`, in bytes: what there is to begin with, and the most that is kept after a larger body. */
const INITIAL_ROOM = 16 * 1024;
const KEPT_ROOM = 1024 * 1024;

/** Of a `whsec_` secret. */
interface HmacKey {
  readonly inner: Buffer;
  /** The outer pad, with room for the inner hash behind it. */
  readonly outer: Buffer;
}

/**
 * Signs requests as Standard Webhooks says: over `id.timestamp.body`, for each secret, with a space between them, so that a
 * receiver that knows any one of the secrets accepts the request. `whsec_` makes `v1,` and the base64 of HMAC-SHA256,
 * `whsk_` makes `v1a,` and the base64 of an Ed25519 signature.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * The HMAC is made of two one-shot hashes over pads made once: two thirds of the time of `createHmac` with a
 * KeyObject, and a seventh of it with the key's bytes.
 */
export class Signer {
  readonly #keys: readonly (HmacKey | KeyObject)[];
  #message = Buffer.allocUnsafeSlow(BLOCK + INITIAL_ROOM);

  /**
   * `secrets`: `whsec_` and base64, or the base64 alone; or `whsk_` and the base64 of a private key.
   * Throws a WalhookError for anything else, naming its place in the list.
   */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret, index) => (secret.startsWith('whsk_') ? privateKey(secret, index) : padded(hmacSecret(secret, index))));
  }

  /** `whpk_…` of each `whsk_` secret: what receivers verify with. */
  get publicKeys(): string[] {
    return this.#keys.flatMap((key) => ('inner' in key ? [] : [publicKeyText(key)]));
  }

  /** The value of `webhook-signature`. `timestamp` is in Unix seconds, as in `webhook-timestamp`; `body` as it is sent, in UTF-8. */
  sign(id: string, timestamp: number, body: string): string {
    const length = this.#write(`${id}.${timestamp}.`, body);
    const message = this.#message.subarray(0, length);
    let signatures = '';
    for (const key of this.#keys) {
      signatures += `${signatures === '' ? '' : ' '}${'inner' in key ? hmac(key, message) : ed25519(key, message)}`;
    }
    if (this.#message.length > KEPT_ROOM) this.#message = Buffer.allocUnsafeSlow(BLOCK + INITIAL_ROOM);
    return signatures;
  }

  /** Writes the signed text behind the place of the inner pad; gives the length of both. The body apart, so that it is not copied for it. */
  #write(head: string, body: string): number {
    // A UTF-16 unit takes at most three bytes in UTF-8.
    const needed = BLOCK + (head.length + body.length) * 3;
    if (needed > this.#message.length) this.#message = Buffer.allocUnsafeSlow(needed);
    const at = BLOCK + this.#message.write(head, BLOCK, 'utf8');
    return at + this.#message.write(body, at, 'utf8');
  }
}

/** `message` has room for the inner pad before what is signed. */
function hmac(key: HmacKey, message: Buffer): string {
  message.set(key.inner, 0);
  key.outer.write(hash('sha256', message, 'binary'), BLOCK, 'latin1');
  return `v1,${hash('sha256', key.outer, 'base64')}`;
}

function ed25519(key: KeyObject, message: Buffer): string {
  return `v1a,${sign(null, message.subarray(BLOCK), key).toString('base64')}`;
}

/** The key in a `whsec_` secret. Standard Webhooks asks for 24 to 64 bytes; whether a key is long enough is the config's to say. */
function hmacSecret(secret: string, index: number): Buffer {
  const key = fromBase64(secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret);
  if (key !== null) return key;
  throw refused(`signing secret ${index + 1} is not base64`, 'signing.secrets: ["whsec_…"], with the output of `openssl rand -base64 32` behind whsec_');
}

function privateKey(secret: string, index: number): KeyObject {
  const octets = fromBase64(secret.slice('whsk_'.length));
  const key = octets === null ? null : ed25519Key(octets);
  if (key !== null) return key;
  throw refused(
    `signing secret ${index + 1} is not an Ed25519 private key of 32 or 64 bytes in base64`,
    'signing.secrets: ["whsk_…"], with the output of `openssl genpkey -algorithm ed25519 -outform DER | tail -c 32 | base64` behind whsk_',
  );
}

/** Decoding skips what is not base64: only text that comes back the same is. null if it is not, or is empty. */
function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 0 || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '') ? null : bytes;
}

function refused(message: string, hint: string): WalhookError {
  return new WalhookError(message, { code: 'signing_secret', hint, exit: EXIT.badConfig });
}

/** RFC 2104: the key, hashed if it is longer than a block, filled up with zeros, once over 0x36 and once over 0x5c. */
function padded(key: Buffer): HmacKey {
  const block = Buffer.alloc(BLOCK);
  (key.length > BLOCK ? hash('sha256', key, 'buffer') : key).copy(block);
  const inner = Buffer.from(block.map((byte) => byte ^ 0x36));
  const outer = Buffer.alloc(BLOCK + 32);
  outer.set(
    block.map((byte) => byte ^ 0x5c),
    0,
  );
  return { inner, outer };
}
