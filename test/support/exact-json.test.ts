import { expect, test } from 'vitest';
import { exactJson } from './exact-json.ts';

test('digits that a double would round are kept', () => {
  expect(exactJson('{"b":9007199254740993, "a":1.50,"__proto__":[null]}')).toBe('{"__proto__":[null],"a":1.50,"b":9007199254740993}');
  expect(exactJson('1.50')).not.toBe(exactJson('1.5'));
});

test.each([
  ['1.50', '1.5'],
  ['-0.0', '0'],
  ['1e2', '100'],
  ['12.5e-3', '0.0125'],
  ['-12345678901234567890.10', '-12345678901234567890.1'],
])('normalised, %s is %s', (written, plain) => {
  expect(exactJson(written, 'normalised')).toBe(plain);
});
