import { expect, test } from 'vitest';
import { printable, printableLine } from '../../src/commands/printable.ts';

test('control characters and those that turn text around are shown as escapes; line breaks and tabs stay', () => {
  expect(printable('a\u001b[2J\u0007\u009b1m\u007f\u202eb\r\nc\td\u0000')).toBe('a\\u001b[2J\\u0007\\u009b1m\\u007f\\u202eb\nc\td\\u0000');
  expect(printable('Zoë 日本 👩‍🚀')).toBe('Zoë 日本 👩‍🚀');
});

test('a line is one line, and no longer than it may be', () => {
  expect(printableLine('  two\nlines\t of  text ', 40)).toBe('two lines of text');
  expect(printableLine('0123456789', 10)).toBe('0123456789');
  expect(printableLine('0123456789a', 10)).toBe('012345678…');
});
