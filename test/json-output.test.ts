import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NULL, TEXT, type Tuple } from '../src/change.ts';
import { JsonOutput, piece, type Way } from '../src/json-output.ts';

/** A row of one column, with other bytes around its value. */
function tuple(value: string | null): Tuple {
  const bytes = Buffer.from(`"\\${value ?? ''}"\n`);
  return { bytes, count: 1, kind: Uint8Array.of(value === null ? NULL : TEXT), start: Uint32Array.of(2), end: Uint32Array.of(bytes.length - 2) };
}

/** What is in an output before, so that it has to grow now or later. */
const before = fc.nat({ max: 2_000 }).map((length) => 'x'.repeat(length));
/** Lengths on both sides of where another way of copying is faster; all that JSON has to escape; all lengths of UTF-8. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'B', '7', ' ', '/', '\u007f', 'é', '日', '🙂'), maxLength: 140 }),
  fc.string({ unit: fc.constantFrom('a', 'é', '"', '\\', '\n', '\t', '\u0000', '\u001f'), maxLength: 140 }),
);

function written(prefix: string, write: (out: JsonOutput) => void): string {
  const out = new JsonOutput();
  out.string(prefix);
  write(out);
  return out.take();
}

test('text becomes the JSON string that it is', () => {
  fc.assert(
    fc.property(before, text, (prefix, value) => {
      const bytes = Buffer.from(`"${value}"`);
      expect(written(prefix, (out) => out.text(bytes, 1, bytes.length - 1))).toBe(prefix + JSON.stringify(value));
    }),
  );
});

test('bytes, constant text, strings and single bytes stay as they are', () => {
  fc.assert(
    fc.property(before, text, (prefix, value) => {
      const bytes = Buffer.from(`"${value}"`);
      const all = written(prefix, (out) => {
        out.plain(bytes, 1, bytes.length - 1);
        out.quoted(bytes, 1, bytes.length - 1);
        out.piece(piece(value));
        out.string(value);
        out.byte(0x21);
      });
      expect(all).toBe(`${prefix}${value}"${value}"${value}${value}!`);
    }),
  );
});

test('a column is written at once, or all but its value', () => {
  fc.assert(
    fc.property(before, fc.constantFrom<Way>('text', 'quoted', 'made'), fc.option(text), (prefix, way, value) => {
      let isWritten = false;
      const name = piece(`,"${prefix.slice(0, 20)}":`);
      const json = written(prefix, (out) => {
        isWritten = out.column(name, way, tuple(value), 0);
      });
      const plain = value === null || JSON.stringify(value) === `"${value}"`;
      const short = Buffer.byteLength(value ?? '') <= 96;
      expect(isWritten).toBe(value === null || (plain && short && way !== 'made'));
      expect(json).toBe(prefix + Buffer.from(name).toString() + (isWritten ? JSON.stringify(value) : ''));
    }),
  );
});

test.each([['0', true], ['-12.50', true], ['9'.repeat(200), true], ['NaN', false], ['-Infinity', false]])('the number %s is written at once: %s', (value, isWritten) => {
  const out = new JsonOutput();
  expect(out.column(piece('['), 'number', tuple(value), 0)).toBe(isWritten);
  expect(out.take()).toBe(isWritten ? `[${value}` : '[');
});

test('what was written can be looked at, put right and taken back', () => {
  const out = new JsonOutput();
  out.string('[null,"ab","ab","ac"');
  expect(out.isNull(1)).toBe(false);
  expect(out.repeats(6, 10, 11)).toBe(false);
  out.cut(15);
  expect(out.repeats(6, 10, 11)).toBe(true);
  out.replace(12, 0x62);
  expect(out.repeats(6, 10, 11)).toBe(false);
  expect(out.take()).toBe('[null,"ab","bb"');
  out.cut(5);
  expect(out.isNull(1)).toBe(true);
  expect(out.isNull(0)).toBe(false);
  out.clear();
  out.string('é');
  expect(out.take()).toBe('é');
});

test('after a large text it starts anew', () => {
  const out = new JsonOutput();
  const large = 'ü'.repeat(1_000_000);
  out.string(large);
  expect(out.take()).toBe(large);
  expect(out.length).toBe(0);
  out.byte(0x31);
  expect(out.take()).toBe('1');
});
