import type { FailureClass } from '../outcome.ts';

/** Why a request got no whole response. */
export interface Diagnosis {
  readonly failure: FailureClass;
  /** One line for an operator. Made from error codes alone: an error's own message can hold whatever the other side sent. */
  readonly message: string;
}

/** The code of a BlockedAddressError; see guard.ts. */
export const BLOCKED_ADDRESS = 'WALHOOK_BLOCKED_ADDRESS';

/**
 * Tells what an error of undici, node:net, node:tls or node:dns means. `target` is the endpoint's host and port,
 * without credentials.
 */
export function classify(error: unknown, target: string): Diagnosis {
  const code = codeOf(error);
  const known = KNOWN[code];
  if (known !== undefined) return { failure: known[0], message: `${known[1]} ${target} (${code})` };
  if (code === BLOCKED_ADDRESS && error instanceof Error) return { failure: 'blocked_address', message: error.message };
  const prefix = TLS_PREFIXES.find((start) => code.startsWith(start));
  if (prefix !== undefined) return { failure: 'tls', message: `${TLS_REASONS[code] ?? 'TLS failed with'} ${target} (${code})` };
  if (code.startsWith('HPE_')) return { failure: 'network', message: `what answers at ${target} does not speak HTTP/1.1 (${code})` };
  return { failure: 'network', message: `request to ${target} failed${code === '' ? '' : ` (${code})`}` };
}

/** A code is a constant of some library: anything else might be data. */
const CODE = /^[A-Z][A-Z0-9_]{1,60}$/;

/** The code of an error, or of the first error within it that has one. */
function codeOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 4) return '';
  if ('code' in error && typeof error.code === 'string' && CODE.test(error.code)) return error.code;
  if (error instanceof AggregateError) {
    for (const one of error.errors) {
      const code = codeOf(one, depth + 1);
      if (code !== '') return code;
    }
  }
  return error instanceof Error ? codeOf(error.cause, depth + 1) : '';
}

const KNOWN: { readonly [code: string]: readonly [FailureClass, string] | undefined } = {
  ENOTFOUND: ['dns', 'no address found for'],
  EAI_AGAIN: ['dns', 'the name server does not answer for'],
  EAI_FAIL: ['dns', 'the name server failed for'],
  EAI_NODATA: ['dns', 'no address found for'],
  EAI_NONAME: ['dns', 'no address found for'],
  ENODATA: ['dns', 'no address found for'],
  ECONNREFUSED: ['refused', 'connection refused by'],
  ECONNRESET: ['reset', 'connection reset by'],
  EPIPE: ['reset', 'connection closed by'],
  ECONNABORTED: ['reset', 'connection aborted by'],
  UND_ERR_SOCKET: ['reset', 'connection closed by'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['reset', 'response cut short by'],
  ETIMEDOUT: ['timeout', 'no connection in time to'],
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'no connection in time to'],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', 'no response in time from'],
  UND_ERR_BODY_TIMEOUT: ['timeout', 'no whole response in time from'],
  UND_ERR_HEADERS_OVERFLOW: ['too_large', 'response headers too large from'],
  UND_ERR_RES_EXCEEDED_MAX_SIZE: ['too_large', 'response too large from'],
  EHOSTUNREACH: ['network', 'no route to'],
  ENETUNREACH: ['network', 'no network to'],
  EHOSTDOWN: ['network', 'no route to'],
  EADDRNOTAVAIL: ['network', 'no free local port for a connection to'],
  EMFILE: ['network', 'too many open files for a connection to'],
  UND_ERR_INVALID_ARG: ['network', 'request cannot be made to'],
  UND_ERR_ABORTED: ['network', 'given up: request to'],
  UND_ERR_DESTROYED: ['network', 'given up: request to'],
  UND_ERR_CLOSED: ['network', 'not sent, shutting down: request to'],
};

/** Codes of OpenSSL's verification and of node's TLS. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const TLS_PREFIXES = [
  'CERT_',
  'CRL_',
  'ERR_TLS_',
  'ERR_SSL_',
  'ERR_OSSL_',
  'UNABLE_TO_',
  'SELF_SIGNED_',
  'DEPTH_ZERO_',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'ERROR_IN_CERT',
  'EPROTO',
];

const TLS_REASONS: { readonly [code: string]: string | undefined } = {
  CERT_HAS_EXPIRED: 'the certificate has expired of',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet of',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name than',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed (tls.ca can name it) of',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate authority is not known (tls.ca can name it) of',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate authority is not known (tls.ca can name it) of',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate authority is not known (tls.ca can name it) of',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate authority is not known (tls.ca can name it) of',
};
