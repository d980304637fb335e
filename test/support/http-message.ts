import type { ReceivedRequest } from './receiver.ts';

/** What stands in an expected request for a part that no test can fix, and what it looks like. */
const PLACEHOLDERS = new Map([
  ['<host>', String.raw`127\.0\.0\.1:\d+`],
  ['<version>', String.raw`\d+\.\d+\.\d+[\w.-]*`],
  // Of an event, or of a row that a schedule sends.
  ['<id>', '(?:[0-9a-f]{16}-[0-9]+-[iuvd]|[0-9]{8}T[0-9]{6}Z-s-[0-9a-f]{32})-[0-9a-f]{16}'],
  ['<unix>', '[12][0-9]{9}'],
  ['<signature>', 'v1,[A-Za-z0-9+/]{43}='],
  // YYYY-MM-DD HH:MM:SS within a form.
  ['<form time>', String.raw`20\d\d-\d\d-\d\d\+\d\d%3A\d\d%3A\d\d`],
]);

/** A request as text: its first line, its headers by their names, an empty line, its body and a line break that is not part of it. */
export function httpMessage({ method, url, headers, body }: Pick<ReceivedRequest, 'method' | 'url' | 'headers' | 'body'>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  return `${method} ${url} HTTP/1.1\n${lines.toSorted().join('\n')}\n\n${body.toString()}\n`;
}

/** The one of the expected messages that the message is, but for placeholders; else the message itself, for people to compare. */
export function asExpected(message: string, expected: readonly string[]): string {
  return expected.find((one) => pattern(one).test(message)) ?? message;
}

function pattern(expected: string): RegExp {
  const parts = expected.split(/(<[a-z ]+>)/);
  return new RegExp(`^${parts.map((part) => PLACEHOLDERS.get(part) ?? part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)).join('')}$`);
}
