import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NULL } from '../../src/change.ts';
import { CopyRow } from '../../src/source/copy-row.ts';

/** As COPY writes a value: src/backend/commands/copyto.c, CopyAttributeOutText. */
function written(value: string | null): string {
  const letters: Record<string, string> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v', '\\': '\\' };
  return value === null ? String.raw`\N` : value.replaceAll(/[\b\f\n\r\t\v\\]/g, (character) => `\\${letters[character] ?? ''}`);
}

function valuesOf(row: CopyRow): (string | null)[] {
  return Array.from({ length: row.count }, (_, i) => (row.kind[i] === NULL ? null : row.bytes.toString('utf8', row.start[i], row.end[i])));
}

test('every row that COPY writes is read as it was', () => {
  const value = fc.oneof(fc.constant(null), fc.string({ unit: fc.oneof(fc.constantFrom('\\', 'N', '\t', '\n', 'n', '\r', '.', 'ä', '\b'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })) }));
  fc.assert(
    fc.property(fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1 }), (rows) => {
      const row = new CopyRow(3);
      for (const values of rows) {
        row.read(Buffer.from(`${values.map(written).join('\t')}\n`));
        expect(valuesOf(row)).toEqual(values);
      }
    }),
  );
});

test('a row with another number of columns is refused', () => {
  const row = new CopyRow(2);
  for (const line of ['a\n', 'a\tb\tc\n', '\n']) expect(() => row.read(Buffer.from(line))).toThrow(RangeError);
  const single = new CopyRow(1);
  single.read(Buffer.from('\n'));
  expect(valuesOf(single)).toEqual(['']);
});
