import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpolate } from '../../src/config/interpolate.ts';

const sources = {
  env: { A: 'one', EMPTY: '', DOLLAR: '${A}$$', B: undefined },
  readFile: (path: string): string => {
    if (path === '/token') return 'secret\n';
    if (path === '/lines') return 'a\r\nb\n\r\n';
    throw Object.assign(new Error('x'), { code: 'EACCES' });
  },
};

describe('what stands for something else', () => {
  test.each([
    ['${A}', 'one'],
    ['a${A}b${A}', 'aonebone'],
    ['${EMPTY}', ''],
    ['${EMPTY:-x}', 'x'],
    ['${NOPE:-x y}', 'x y'],
    ['${NOPE:-}', ''],
    ['${A:-x}', 'one'],
    ['${A:-${NOPE}}', 'one'],
    ['${NOPE:-<${A}>}', '<one>'],
    ['${NOPE:-${B:-deep}}!', 'deep!'],
    ['${NOPE:-a:-b}', 'a:-b'],
    ['${A:?why}', 'one'],
    ['$$', '$'],
    ['$${A}', '${A}'],
    ['$$$$', '$$'],
    ['$$${A}', '$one'],
    ['${file:/token}', 'secret'],
    ['${file:/lines}', 'a\r\nb\n'],
    // What is filled in is not looked at again.
    ['${DOLLAR}', '${A}$$'],
  ])('%s is %s', (text, filled) => {
    expect(interpolate(text, sources)).toMatchObject({ text: filled, faults: [] });
  });
});

describe('what stands for itself', () => {
  test.each(['$', '$A', 'a$', '$ {A}', '}', '{A}', '^x$', '$1.50', '$\\{'])('%s', (text) => {
    expect(interpolate(text, sources)).toEqual({ text, filled: false, parts: [text], faults: [] });
  });

  test.each([
    ['${{ row.a }}', 'row.a', 4],
    ['${{ "${A}" + \'}}\' }}', '"${A}" + \'}}\'', 4],
    ["${{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}", 4],
    ['${{ row.a == "\\"}}" }}', 'row.a == "\\"}}"', 4],
    ['${{row.a}}', 'row.a', 3],
    ['${{}}', '', 3],
  ])('an expression: %s', (text, source, at) => {
    expect(interpolate(text, sources)).toEqual({ text, filled: false, parts: [{ source, at }], faults: [] });
  });

  test('text around an expression is filled in, its inside is not', () => {
    expect(interpolate('${A} ${{ $$ + "${A}" }} ${A}', sources)).toEqual({
      text: 'one ${{ $$ + "${A}" }} one',
      filled: true,
      parts: ['one ', { source: '$$ + "${A}"', at: 9 }, ' one'],
      faults: [],
    });
  });

  test('what is filled in is never an expression, nor is what has its $ doubled', () => {
    const env = { V: '${{ row.a }}' };
    for (const text of ['${V}', '$${{ row.a }}', '${W:-$${{ row.a }}}']) {
      expect(interpolate(text, { ...sources, env })).toMatchObject({ text: '${{ row.a }}', parts: ['${{ row.a }}'], faults: [] });
    }
  });
});

describe('faults', () => {
  test.each([
    ['a ${NOPE}', 2, 'the environment variable NOPE is not set'],
    ['${B}', 0, 'the environment variable B is not set'],
    ['${toString}', 0, 'the environment variable toString is not set'],
    ['${NOPE:?say why}', 0, 'NOPE: say why'],
    ['${EMPTY:?}', 0, 'the environment variable EMPTY is not set'],
    ['${NOPE:-${ALSO}}', 8, 'the environment variable ALSO is not set'],
    ['${A', 0, 'the reference that starts here has no end: } is missing'],
    ['${A:-x', 0, 'the reference that starts here has no end: } is missing'],
    ['${NOPE:-${{ a }}}', 8, 'an expression cannot stand in the default of a variable'],
    ['x${{ a }', 1, 'the expression that starts here has no end: }} is missing'],
    ['${file:/secret}', 0, 'cannot read /secret: permission denied'],
    ['${file:token}', 0, 'the path of a ${file:…} must be absolute'],
  ])('%s at %i: %s', (text, at, message) => {
    expect(interpolate(text, sources).faults).toEqual([{ at, message }]);
  });

  test.each(['${}', '${ A }', '${1}', '${A-x}', '${A:x}', '${A:+x}', '${A.b}'])('%s is no reference', (text) => {
    expect(interpolate(text, sources).faults).toHaveLength(1);
  });
});

test('text without $ is never changed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const plain = text.replaceAll('$', '');
      expect(interpolate(plain, sources)).toEqual({ text: plain, filled: false, parts: plain === '' ? [] : [plain], faults: [] });
    }),
  );
});

test('text whose every $ is doubled comes out as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('$', '${', '}', '{{', 'A', ':-', 'x')), (pieces) => {
      const text = pieces.join('');
      expect(interpolate(text.replaceAll('$', '$$$$'), sources)).toMatchObject({ text, faults: [] });
    }),
  );
});

test('what a variable holds comes out as it is, whatever it is', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (value, around) => {
      const text = around.replaceAll('$', '');
      expect(interpolate(`${text}\${V}`, { ...sources, env: { V: value } })).toMatchObject({ text: text + value, filled: true });
    }),
  );
});
