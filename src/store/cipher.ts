import { createCipheriv, createDecipheriv, createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { EXIT, WalhookError } from '../errors.ts';

/** What a stored value belongs to. It is not stored with the value but proven by it, so that values cannot change places. */
export interface Place {
  /** `body`, `path`, `headers`, `response`. */
  readonly column: string;
  /** The row: see `deliveryKey`. */
  readonly key: string;
}

/**
 * Seals what is stored of requests and answers, and opens it again. What was stored without being sealed is told by its
 * first byte, and comes back as it is: no UTF-8 has the byte FF, and no text that is stored begins with U+0001.
 */
export interface Cipher {
  /** Null: it seals nothing. */
  readonly sealsBy: string | null;
  /** The keys that it can open with, by their ids. */
  readonly ids: ReadonlySet<string>;
  /** For a column of bytes. */
  sealBytes(text: string, place: Place): Buffer;
  /** For a column of text. */
  sealText(text: string, place: Place): string;
  /** @throws WalhookError `state_key` if its key is not there, `state_tampered` if it is not what was stored here. */
  openBytes(bytes: Buffer, place: Place): string;
  /** As `openBytes`. */
  openText(text: string, place: Place): string;
}

/** AES-256: bytes. */
export const KEY_LENGTH = 32;

/*
 * A sealed value: MAGIC, the key's id, the nonce, what AES-256-GCM makes of the text, its tag. Twelve bytes before the nonce, so
 * that in base64 they are sixteen characters of their own, by which a query finds what a key has sealed.
 * Nonces are random, 96 bits: a key should seal no more than 2^32 values (NIST SP 800-38D, 8.3).
 */
const MAGIC = Buffer.from([0xff, 0x77, 0x68, 0x01]);
const ID_LENGTH = 8;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const NONCE_AT = MAGIC.length + ID_LENGTH;
const TEXT_AT = NONCE_AT + NONCE_LENGTH;
const TEXT_MARK = '\u0001';

/** By how many bytes a sealed value is longer. */
export const SEAL_LENGTH = TEXT_AT + TAG_LENGTH;

/** @param keys of 32 bytes: the first seals, all open. With none it seals nothing, and what is sealed cannot be opened. */
export function cipher(keys: readonly Buffer[]): Cipher {
  const known = new Map(keys.map((bytes) => [keyId(bytes), createSecretKey(bytes)]));
  const [first] = known;
  if (first === undefined) return PLAIN;
  const [id, key] = first;
  const header = Buffer.concat([MAGIC, Buffer.from(id, 'hex')]);
  const open = (sealed: Buffer, place: Place): string => openWith(known, sealed, place);
  return {
    sealsBy: id,
    ids: new Set(known.keys()),
    sealBytes: (text, place) => seal(key, header, { text, place }),
    sealText: (text, place) => TEXT_MARK + seal(key, header, { text, place }).toString('base64'),
    openBytes: (bytes, place) => (isSealed(bytes) ? open(bytes, place) : bytes.toString('utf8')),
    openText: (text, place) => (text.startsWith(TEXT_MARK) ? open(Buffer.from(text.slice(1), 'base64'), place) : text),
  };
}

/** Seals nothing. */
export const PLAIN: Cipher = {
  sealsBy: null,
  ids: new Set(),
  sealBytes: (text) => Buffer.from(text),
  sealText: (text) => text,
  openBytes: (bytes, place) => (isSealed(bytes) ? openWith(NO_KEYS, bytes, place) : bytes.toString('utf8')),
  openText: (text, place) => (text.startsWith(TEXT_MARK) ? openWith(NO_KEYS, Buffer.from(text.slice(1), 'base64'), place) : text),
};

const NO_KEYS: ReadonlyMap<string, KeyObject> = new Map();

/** A key's name: nothing of the key can be told from it. 16 hexadecimal digits. */
export function keyId(bytes: Buffer): string {
  return createHash('sha256').update('walhook state key').update(bytes).digest('hex').slice(0, 2 * ID_LENGTH);
}

/** How a value begins that a key has sealed: as bytes, and as text. */
export function sealedPrefix(id: string): { readonly bytes: Buffer; readonly text: string } {
  const bytes = Buffer.concat([MAGIC, Buffer.from(id, 'hex')]);
  return { bytes, text: TEXT_MARK + bytes.toString('base64') };
}

function isSealed(bytes: Buffer): boolean {
  return bytes[0] === MAGIC[0];
}

function seal(key: KeyObject, header: Buffer, { text, place }: { readonly text: string; readonly place: Place }): Buffer {
  const nonce = randomBytes(NONCE_LENGTH);
  const sealing = createCipheriv('aes-256-gcm', key, nonce).setAAD(proven(header, place));
  return Buffer.concat([header, nonce, sealing.update(text, 'utf8'), sealing.final(), sealing.getAuthTag()]);
}

function openWith(keys: ReadonlyMap<string, KeyObject>, sealed: Buffer, place: Place): string {
  if (sealed.length < SEAL_LENGTH || !sealed.subarray(0, MAGIC.length).equals(MAGIC)) throw tampered(place);
  const id = sealed.subarray(MAGIC.length, NONCE_AT).toString('hex');
  const key = keys.get(id);
  if (key === undefined) throw keyMissing(id, `the ${place.column} of delivery ${place.key}`);
  const opening = createDecipheriv('aes-256-gcm', key, sealed.subarray(NONCE_AT, TEXT_AT), { authTagLength: TAG_LENGTH })
    .setAAD(proven(sealed.subarray(0, NONCE_AT), place))
    .setAuthTag(sealed.subarray(-TAG_LENGTH));
  try {
    return Buffer.concat([opening.update(sealed.subarray(TEXT_AT, -TAG_LENGTH)), opening.final()]).toString('utf8');
  } catch {
    throw tampered(place);
  }
}

function proven(header: Buffer, { column, key }: Place): Buffer {
  return Buffer.concat([header, Buffer.from(`${column}\0${key}`)]);
}

/** @param what it has sealed, as the subject of a sentence. */
export function keyMissing(id: string, what: string): WalhookError {
  return new WalhookError(`state.encryption.keys has no key ${id}, with which ${what} is sealed`, {
    code: 'state_key',
    hint: 'put the file of that key back into state.encryption.keys, behind the one that seals; nothing is lost, it waits for the key',
    exit: EXIT.badConfig,
  });
}

function tampered({ column, key }: Place): WalhookError {
  const [id = '', endpoint = ''] = key.split(' ');
  return new WalhookError(`the ${column} of delivery ${key} is not what walhook has stored: it was changed in the database, or comes from another row`, {
    code: 'state_tampered',
    hint: `find out who may write to the state schema; to give the delivery up: walhook discard --parked --endpoint ${endpoint} ${id}`,
    exit: EXIT.failure,
  });
}
