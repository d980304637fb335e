import { expect, test } from 'vitest';
import { type Color, prettyJson } from '../../src/commands/pretty-json.ts';

function pretty(json: string, indent = ''): string {
  return prettyJson(json, { indent, redacted: '<<REDACTED>>', paint: (_color, text) => text });
}

test('what is short stays on a line', () => {
  expect(pretty('{"a":1,"b":[],"c":{},"d":[true,null,"x"]}')).toBe('{ "a": 1, "b": [], "c": {}, "d": [true, null, "x"] }');
  expect(pretty('"text"')).toBe('"text"');
});

test('what is long is broken, its members only where they are long too', () => {
  const long = 'x'.repeat(90);
  expect(pretty(`{"long":"${long}","short":{"a":1}}`, '  ')).toBe(`{\n    "long": "${long}",\n    "short": { "a": 1 }\n  }`);
  expect(pretty(`["${long}",[1]]`)).toBe(`[\n  "${long}",\n  [1]\n]`);
});

test('digits stay as they are', () => {
  const digits = '[12345678901234567890.1234567890,1e400,-0,0.10]';
  expect(JSON.stringify(pretty(digits).replaceAll(' ', ''))).toBe(JSON.stringify(digits));
});

test('control characters in values and names do not reach the terminal', () => {
  expect(pretty('{"\\u001b[2J":"\\u0007"}')).toBe('{ "\\u001b[2J": "\\u0007" }');
});

test('a key named __proto__ is a key', () => {
  expect(pretty('{"__proto__":{"a":1}}')).toBe('{ "__proto__": { "a": 1 } }');
});

test('hidden values stand out', () => {
  const painted: [Color | readonly Color[], string][] = [];
  prettyJson('{"a":"<<REDACTED>>","b":"<<"}', { indent: '', redacted: '<<REDACTED>>', paint: (color, text) => (painted.push([color, text]), text) });
  expect(painted).toContainEqual([['magenta', 'bold'], '"<<REDACTED>>"']);
  expect(painted).toContainEqual(['green', '"<<"']);
});
