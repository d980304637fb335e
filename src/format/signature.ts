import { hash } from 'node:crypto';
import { WalhookError, EXIT } from '../errors.ts';

/** SHA-256's block size in bytes: what HMAC pads a key to (RFC 2104). */
const BLOCK = 64;
/** Room for `id.timestamp.body`, in bytes: what there is to begin with, and the most that is kept after a larger body. */
const INITIAL_ROOM = 16 * 1024;
const KEPT_ROOM = 1024 * 1024;

interface Key {
  readonly inner: Buffer;
  /** The outer pad, with room for the inner hash behind it. */
  readonly outer: Buffer;
}

/**
 * Signs requests as Standard Webhooks says: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, for each
 * secret, with a space between them, so that a receiver that knows any one of the secrets accepts the request.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * The HMAC is made of two one-shot hashes over pads made once: two thirds of the time of `createHmac` with a
 * KeyObject, and a seventh of it with the key's bytes.
 */
export class Signer {
  readonly #keys: readonly Key[];
  #message = Buffer.allocUnsafeSlow(BLOCK + INITIAL_ROOM);

  /** `secrets`: `whsec_` and base64, or the base64 alone. Throws a WalhookError for anything else, naming its place in the list. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((secret, index) => padded(decodeSecret(secret, index)));
  }

  /** The value of `webhook-signature`. `timestamp` is in Unix seconds, as in `webhook-timestamp`; `body` as it is sent, in UTF-8. */
  sign(id: string, timestamp: number, body: string): string {
    const length = this.#write(`${id}.${timestamp}.${body}`);
    const message = this.#message.subarray(0, length);
    let signatures = '';
    for (const key of this.#keys) {
      message.set(key.inner, 0);
      key.outer.write(hash('sha256', message, 'binary'), BLOCK, 'latin1');
      signatures += `${signatures === '' ? '' : ' '}v1,${hash('sha256', key.outer, 'base64')}`;
    }
    if (this.#message.length > KEPT_ROOM) this.#message = Buffer.allocUnsafeSlow(BLOCK + INITIAL_ROOM);
    return signatures;
  }

  /** Writes the signed text behind the place of the inner pad; gives the length of both. */
  #write(text: string): number {
    // A UTF-16 unit takes at most three bytes in UTF-8.
    const needed = BLOCK + text.length * 3;
    if (needed > this.#message.length) this.#message = Buffer.allocUnsafeSlow(needed);
    return BLOCK + this.#message.write(text, BLOCK, 'utf8');
  }
}

/** The key in a `whsec_` secret. Standard Webhooks asks for 24 to 64 bytes; whether a key is long enough is the config's to say. */
function decodeSecret(secret: string, index: number): Buffer {
  const text = secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret;
  const key = Buffer.from(text, 'base64');
  if (key.length === 0 || key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw new WalhookError(`signing secret ${index + 1} is not base64`, {
      code: 'signing_secret',
      hint: 'signing.secrets: ["whsec_…"], with the output of `openssl rand -base64 32` behind whsec_',
      exit: EXIT.badConfig,
    });
  }
  return key;
}

/** RFC 2104: the key, hashed if it is longer than a block, filled up with zeros, once over 0x36 and once over 0x5c. */
function padded(key: Buffer): Key {
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
