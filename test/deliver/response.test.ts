import { expect, test } from 'vitest';
import { describeStatus, printable } from '../../src/deliver/response.ts';

test('controls, bidirectional marks and NUL do not survive, text does', () => {
  expect(printable(Buffer.from('a\u0000b\u001b[31mc\u202ed\n\te — ü 日本'), '')).toBe('a b [31mc d\n\te — ü 日本');
});

test('a character cut in half and bytes that are no UTF-8 become replacement characters', () => {
  expect(printable(Buffer.from('ü').subarray(0, 1), '')).toBe('\ufffd');
});

test('a compressed body is not shown', () => {
  expect(printable(Buffer.from([0x1f, 0x8b]), 'gzip')).toBe('(compressed, though identity was asked for)');
  expect(printable(Buffer.alloc(0), 'gzip')).toBe('');
  expect(printable(Buffer.from('x'), 'identity')).toBe('x');
});

test.for([
  ['https://user:secret@metadata.internal/latest?token=abc', 'metadata.internal'],
  ['http://169.254.169.254/latest', '169.254.169.254'],
  ['/elsewhere?token=abc', 'crm.example.com'],
  ['//other.example.com:8443/x', 'other.example.com:8443'],
])('a redirect to %s names the host alone', ([location, host]) => {
  expect(describeStatus(302, location ?? null, 'https://crm.example.com')).toBe(
    `the endpoint answered 302; redirects are not followed (this one points to ${host})`,
  );
});

test('a redirect to nowhere names none', () => {
  const text = 'the endpoint answered 301; redirects are not followed';
  expect(describeStatus(301, null, 'https://crm.example.com')).toBe(text);
  expect(describeStatus(301, 'http://[', 'https://crm.example.com')).toBe(text);
  expect(describeStatus(301, 'mailto:secret', 'https://crm.example.com')).toBe(text);
});

test('any other status is told as it is', () => {
  expect(describeStatus(503, null, 'https://crm.example.com')).toBe('the endpoint answered 503');
});
