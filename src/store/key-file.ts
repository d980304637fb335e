import { readFileSync, statSync } from 'node:fs';
import type { StateConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { codeOf } from '../reaction.ts';
import { type Cipher, cipher, KEY_LENGTH, PLAIN } from './cipher.ts';

/**
 * The cipher that `state.encryption` asks for.
 *
 * @throws WalhookError `state_key` for a file that cannot be read, or has no key in it.
 */
export function cipherOf({ encryption }: Pick<StateConfig, 'encryption'>): Cipher {
  return encryption === null ? PLAIN : cipher(encryption.keys.map((path, index) => readKey(path, index)));
}

/** The same for who only looks: what cannot be read of the keys is told once something is to be opened with them. */
export function readerCipherOf(state: Pick<StateConfig, 'encryption'>): Cipher {
  try {
    return cipherOf(state);
  } catch (error) {
    const orElse = <T>(open: () => T): T => {
      try {
        return open();
      } catch {
        throw error;
      }
    };
    return { ...PLAIN, openBytes: (bytes, place) => orElse(() => PLAIN.openBytes(bytes, place)), openText: (text, place) => orElse(() => PLAIN.openText(text, place)) };
  }
}

/** Files of keys that others than their owner may read or write, and the mode of each. */
export function looseKeyFiles({ encryption }: Pick<StateConfig, 'encryption'>): { readonly path: string; readonly mode: string }[] {
  return (encryption?.keys ?? []).flatMap((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) === 0 ? [] : [{ path, mode: (mode & 0o777).toString(8).padStart(3, '0') }];
  });
}

function readKey(path: string, index: number): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw refused(index, `cannot read ${path} (${codeOf(error) ?? 'unknown error'})`);
  }
  const key = parseKey(content);
  if (key === null) throw refused(index, `${path} has no key in it: 32 random bytes, as they are, in base64 or in hexadecimal`);
  return key;
}

/** Null if it is none. */
function parseKey(content: Buffer): Buffer | null {
  // 32 characters are 16 bytes in hexadecimal, or a password: no random bytes are all printable.
  if (content.length === KEY_LENGTH) return content.every((byte) => byte >= 0x20 && byte < 0x7f) ? null : content;
  const text = content.toString('latin1').trim();
  if (/^[\da-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const bytes = /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null;
  return bytes?.length === KEY_LENGTH ? bytes : null;
}

function refused(index: number, message: string): WalhookError {
  return new WalhookError(`state.encryption.keys[${index}]: ${message}`, {
    code: 'state_key',
    hint: 'to make one: (umask 077; openssl rand -base64 32 > walhook.key)',
    exit: EXIT.badConfig,
  });
}
