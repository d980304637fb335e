import { describe, expect, test } from 'vitest';
import { maskLine, maskText, maskUrl } from '../../src/config/mask.ts';

describe('maskUrl', () => {
  test.each([
    ['postgres://bob:secret@db:5432/app', 'postgres://***@db:5432/app'],
    ['postgres://bob@db/app?sslmode=require&password=secret', 'postgres://***@db/app?sslmode=require&password=***'],
    ['https://token@example.com/', 'https://***@example.com/'],
    ['https://example.com/a@b?c=d', 'https://example.com/a@b?c=d'],
    ['https://example.com/?access_token=secret&a=1#x', 'https://example.com/?access_token=***&a=1#x'],
    ['https://example.com/', 'https://example.com/'],
    // Not a URL, for its password is not encoded: more is hidden rather than less.
    ['postgres://bob:se/cr#e?t@[db/app', 'postgres://***@[db/app'],
    ['postgres://bob:p@ss@db/app', 'postgres://***@db/app'],
  ])('%s → %s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
  });

  test('takes a URL too', () => {
    expect(maskUrl(new URL('https://a:b@example.com/x'))).toBe('https://***@example.com/x');
  });
});

test('maskText hides signing secrets', () => {
  expect(maskText('endpoints["whsec_abc+/="]')).not.toContain('abc');
});

describe('maskLine keeps the caret under its character', () => {
  test.each([
    ['a: postgres://u:secret@db, b: 1', 'b', 'a: postgres://***@db, b: 1'],
    ['{ token: "secret", b: 1 }', 'b', '{ token: "***", b: 1 }'],
    ['x: whsec_0123456789, y: 1', 'y', 'x: whsec_***, y: 1'],
    ['{ Authorization: "Bearer ${TOKEN}", b: 1 }', 'b', '{ Authorization: "***${TOKEN}", b: 1 }'],
    ['{ token: "${file:/a}", b: 1 }', 'b', '{ token: "${file:/a}", b: 1 }'],
    ['{ token: "${TOKEN:-secret}", b: 1 }', 'b', '{ token: "***", b: 1 }'],
  ])('%s', (line, letter, masked) => {
    const { text, caret } = maskLine(line, line.lastIndexOf(letter), []);
    expect(text).toBe(masked);
    expect(text[caret]).toBe(letter);
  });

  test('or under the mask, if its character is hidden', () => {
    expect(maskLine('token: secret', 10, [])).toEqual({ text: 'token: ***', caret: 7 });
  });

  test('ranges that are known to be secret are hidden, also where they overlap others', () => {
    const line = 'k: postgres://u:p@h/x rest';
    expect(maskLine(line, line.indexOf('rest'), [{ start: 3, end: 21 }])).toEqual({ text: 'k: *** rest', caret: 7 });
    expect(maskLine(line, 16, [{ start: 3, end: 21 }])).toEqual({ text: 'k: *** rest', caret: 3 });
  });
});
