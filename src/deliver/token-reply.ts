/** A token to authorize requests with. */
export interface AccessToken {
  /** The value of `Authorization`. */
  readonly authorization: string;
  /** For how long it may be used from now, in milliseconds. */
  readonly lifetime: number;
}

/** How long a token counts that nobody has said the life of: a 401 renews it anyway. */
const UNKNOWN_LIFETIME = 300_000;
/** A token is left this part of its life before the end, and at most so many milliseconds: clocks differ, and requests take time. */
const MARGIN = 0.1;
const LONGEST_MARGIN = 60_000;
/** Above it setTimeout and people count wrong: a year. */
const LONGEST = 31_536_000_000;

/** What goes into the header as it stands: visible ASCII, which RFC 6749 (A.12) has with the space. */
const TOKEN = /^[\u0021-\u007e]+$/;
/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
const ERRORS: ReadonlySet<unknown> = new Set(['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope']);

/** Reads the body of a successful response (RFC 6749, 5.1). null if it has no bearer token. A missing token_type is taken for bearer. */
export function readToken(body: string): AccessToken | null {
  const { access_token: token, token_type: type = 'bearer', expires_in: expiry } = fieldsOf(body);
  if (typeof token !== 'string' || !TOKEN.test(token) || typeof type !== 'string' || type.toLowerCase() !== 'bearer') return null;
  return { authorization: `Bearer ${token}`, lifetime: usableFor(expiry) };
}

/** The error that a token endpoint gives (RFC 6749, 5.2), if it is one of the standard's: anything else might be data. */
export function readError(body: string): string | null {
  const { error } = fieldsOf(body);
  return typeof error === 'string' && ERRORS.has(error) ? error : null;
}

/** `expires_in` is in seconds; some servers write the number as text. */
function usableFor(expiry: unknown): number {
  const seconds = typeof expiry === 'number' || (typeof expiry === 'string' && /^\d+$/.test(expiry)) ? Number(expiry) : Number.NaN;
  if (!(seconds >= 0)) return UNKNOWN_LIFETIME;
  const ms = Math.min(seconds * 1000, LONGEST);
  return ms - Math.min(ms * MARGIN, LONGEST_MARGIN);
}

function fieldsOf(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {};
  } catch {
    return {};
  }
}
