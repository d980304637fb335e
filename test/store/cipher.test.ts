import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Cipher, cipher, keyId, PLAIN, SEAL_LENGTH, sealedPrefix } from '../../src/store/cipher.ts';
import { cipherOf, looseKeyFiles, readerCipherOf } from '../../src/store/key-file.ts';

const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const BODY = { column: 'body', key: 'evt_1 crm' };
const TEXT = '{"email":"ada@example.com","n":1,"s":"\u{1f600}\u00e9"}';

const codeOf = (open: () => unknown): unknown => {
  try {
    return open();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
};

describe('what is sealed', () => {
  const by: Cipher = cipher([NEW]);

  test.for(['', 'x', TEXT, '\u0001', 'a'.repeat(100_000)])('comes back as it was: %#', (text) => {
    expect(by.openBytes(by.sealBytes(text, BODY), BODY)).toBe(text);
    expect(by.openText(by.sealText(text, BODY), BODY)).toBe(text);
    expect(by.sealBytes(text, BODY)).toHaveLength(Buffer.byteLength(text) + SEAL_LENGTH);
  });

  test('shows nothing of itself, not even that it is the same twice', () => {
    const sealed = Array.from({ length: 200 }, () => by.sealBytes(TEXT, BODY));
    expect(sealed.some((one) => one.includes('ada@') || one.includes('email'))).toBe(false);
    expect(new Set(sealed.map((one) => one.toString('hex'))).size).toBe(200);
    expect(new Set(sealed.map((one) => one.subarray(12, 24).toString('hex'))).size).toBe(200);
    expect(sealed[0]?.includes(NEW)).toBe(false);
  });

  test('with any one byte changed, or cut, is not opened', () => {
    const sealed = by.sealBytes('{"n":1}', BODY);
    for (let at = 1; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      expect(codeOf(() => by.openBytes(changed, BODY)), `byte ${at}`).toMatch(/^state_(?:tampered|key)$/);
      expect(codeOf(() => by.openBytes(sealed.subarray(0, at), BODY)), `cut at ${at}`).toMatch(/^state_(?:tampered|key)$/);
    }
  });

  test.for([
    ['another row', { column: 'body', key: 'evt_2 crm' }],
    ['another endpoint', { column: 'body', key: 'evt_1 erp' }],
    ['another column', { column: 'response', key: 'evt_1 crm' }],
  ] as const)('in the place of %s is not opened', ([, place]) => {
    expect(codeOf(() => by.openBytes(by.sealBytes(TEXT, BODY), place))).toBe('state_tampered');
    expect(codeOf(() => by.openText(by.sealText(TEXT, BODY), place))).toBe('state_tampered');
  });

  test('by an old key is opened by a cipher that has it, and by no other; the message names the key alone', () => {
    const sealed = cipher([OLD]).sealBytes(TEXT, BODY);
    const rotated = cipher([NEW, OLD]);
    expect(rotated.openBytes(sealed, BODY)).toBe(TEXT);
    expect(rotated.sealBytes(TEXT, BODY).subarray(4, 12).toString('hex')).toBe(keyId(NEW));
    for (const other of [by, PLAIN]) expect(() => other.openBytes(sealed, BODY)).toThrow(`no key ${keyId(OLD)}, with which the body of delivery evt_1 crm is sealed`);
  });

  test('is found by its prefix, as bytes and as text', () => {
    const prefix = sealedPrefix(keyId(NEW));
    expect(by.sealBytes(TEXT, BODY).subarray(0, prefix.bytes.length)).toEqual(prefix.bytes);
    expect(by.sealText(TEXT, BODY).startsWith(prefix.text)).toBe(true);
  });
});

test('what was stored without being sealed comes back as it is, with keys or without', () => {
  for (const any of [PLAIN, cipher([NEW])]) {
    expect(any.openBytes(Buffer.from(TEXT), BODY)).toBe(TEXT);
    expect(any.openText('/contacts/7?a=1', BODY)).toBe('/contacts/7?a=1');
  }
});

describe('a key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-keys-'));
  let files = 0;
  const file = (content: string | Buffer, mode = 0o600): string => {
    const path = join(folder, `key-${++files}`);
    writeFileSync(path, content);
    chmodSync(path, mode);
    onTestFinished(() => rmSync(path));
    return path;
  };
  const encryption = (...keys: string[]) => ({ encryption: { keys } });

  test('has 32 bytes as they are, in base64 or in hexadecimal', () => {
    const forms = [NEW, NEW.toString('base64'), `${NEW.toString('base64')}\n`, NEW.toString('base64url'), NEW.toString('hex'), `${NEW.toString('hex').toUpperCase()}\r\n`];
    for (const form of forms) expect(cipherOf(encryption(file(form))).sealsBy).toBe(keyId(NEW));
    expect(cipherOf({ encryption: null })).toBe(PLAIN);
  });

  test.for([
    ['nothing', ''],
    ['half a key in hexadecimal', randomBytes(16).toString('hex')],
    ['a password', 'correct horse battery staple'],
    ['31 bytes', randomBytes(31)],
    ['33 bytes', randomBytes(33)],
    ['31 bytes in base64', randomBytes(31).toString('base64')],
  ] as const)('with %s in it is refused with the place in the file, and shows nothing', ([, content]) => {
    expect(() => cipherOf(encryption(file(NEW), file(content)))).toThrow(expect.objectContaining({ code: 'state_key', exit: 78, message: expect.stringMatching(/^state\.encryption\.keys\[1\]: \S+ has no key in it: [^"]*$/) }));
  });

  test('that is not there is refused; who only looks is told once something is to be opened', () => {
    const missing = encryption(join(folder, 'none'));
    expect(() => cipherOf(missing)).toThrow('ENOENT');
    const reader = readerCipherOf(missing);
    expect(reader.openText('plain', BODY)).toBe('plain');
    expect(() => reader.openBytes(cipher([NEW]).sealBytes(TEXT, BODY), BODY)).toThrow('ENOENT');
  });

  test('that others may read is found', () => {
    const [own, group, all] = [file(NEW, 0o400), file(NEW, 0o640), file(NEW, 0o604)];
    expect(looseKeyFiles(encryption(own, group, all))).toEqual([{ path: group, mode: '640' }, { path: all, mode: '604' }]);
  });
});
