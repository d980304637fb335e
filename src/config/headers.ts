import type { Reading } from './kinds.ts';

/** https://www.rfc-editor.org/rfc/rfc9110#name-tokens */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that say how a request is framed, routed or signed: walhook writes them itself. */
const OWN_HEADERS = new Set([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'content-length',
  'host',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'proxy-connection',
]);

export function headerNameFault(name: string): string | null {
  if (!HEADER_NAME.test(name)) return "a header's name is letters, digits and -";
  return OWN_HEADERS.has(name.toLowerCase()) ? 'walhook sets this header itself' : null;
}

export function headerValue(text: string): Reading<string> {
  if (/[\r\n\0]/.test(text)) return { refused: "a header's value may not have a line break or NUL in it" };
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(text)
    ? { value: text.trim() }
    : { refused: "a header's value may only have characters of Latin-1, and no control characters" };
}
