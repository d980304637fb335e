import { DRAFT, type Headers, type RequestShape, UNRENDERED } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import { PRODUCE, recordTarget } from '../record-path.ts';
import { RESERVED } from './headers.ts';

/** What a hook or an endpoint may ask for. Others mean something else than "here is an event", or are the proxy's (CONNECT). */
const METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'HEAD']);
/** Methods whose requests have no body; the signature is then over an empty one. */
export const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** A token (RFC 9110, 5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** What a field value may not have in it (RFC 9110, 5.5); beyond Latin-1 there are no octets for it. */
const NOT_IN_A_HEADER = /[^\t\u0020-\u007e\u0080-\u00ff]/;
/** What would end a request target or be cut off it (RFC 9112, 3.2): white space, controls, what is not ASCII, a fragment. */
const NOT_IN_A_PATH = /[^\u0021-\u007e]|#/;

/**
 * Why a request cannot be made, in a line that holds no value; null if it can. Templates escape what they put in, and the
 * configuration is checked: this is what keeps a request one request if either fails.
 */
export function refusalOf(shape: RequestShape, body: string, method: string): string | null {
  if (!METHODS.has(method)) return 'its method is none that walhook sends';
  const { path, contentType, headers } = shape;
  if (contentType === UNRENDERED) return 'it was never made, since an expression of its hook failed';
  if (contentType === DRAFT) return 'what its hook looks up was not put in';
  if (path !== null && (!path.startsWith('/') || NOT_IN_A_PATH.test(path))) return 'its path has a character that a URL cannot hold, or does not begin with a slash';
  if (contentType === null) {
    if (NOT_IN_A_PATH.test(body)) return 'its query has a character that a URL cannot hold';
  } else if (BODILESS.has(method) && body !== '') {
    return `${method} has no body to carry ${contentType} in: the hook wants \`encoding: query\`, or another method`;
  }
  return headers.length === 0 ? null : headerRefusal(headers);
}

/** The same of a record for a topic. Its headers are UTF-8, so that they hold any character. */
export function recordRefusal({ method, path, contentType, headers }: RequestShape): string | null {
  if (contentType === UNRENDERED) return 'it was never made, since an expression of its hook failed';
  if (contentType === DRAFT) return 'what its hook looks up was not put in';
  if (method !== PRODUCE || recordTarget(path) === null) return 'it was made for an endpoint of another type: it has no topic';
  const reserved = headers.find(([name]) => RESERVED.has(name));
  return reserved === undefined ? null : `the header ${reserved[0]} is walhook's own`;
}

function headerRefusal(headers: Headers): string | null {
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name)) return 'a header has a name that is none';
    if (RESERVED.has(name)) return `the header ${name} is walhook's or HTTP's own`;
    if (NOT_IN_A_HEADER.test(value)) return `the header ${name} has a character that a header cannot hold`;
  }
  return null;
}

/** The outcome of an attempt that was not made: to try again cannot help. */
export function refused(reason: string): Outcome {
  return { kind: 'failed', failure: 'request', status: null, message: `the request cannot be made: ${reason}`, response: '', retryAfter: null, verdict: 'dead', ms: 0 };
}
