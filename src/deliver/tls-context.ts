import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { EndpointConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';

/**
 * An endpoint's certificates, read once at start-up. `ca` stands in place of the system's authorities.
 * Throws a WalhookError that names the setting and the file.
 */
export function tlsContext({ name, tls }: Pick<EndpointConfig, 'name' | 'tls'>): SecureContext {
  const read = (setting: 'ca' | 'cert' | 'key', path: string | null): Buffer | undefined => {
    if (path === null) return undefined;
    try {
      return readFileSync(path);
    } catch (cause) {
      throw refused(`endpoints.${name}.tls.${setting}: cannot read ${path}`, cause);
    }
  };
  if ((tls.cert === null) !== (tls.key === null)) throw refused(`endpoints.${name}.tls: cert and key go together`, undefined);
  const ca = read('ca', tls.ca);
  const cert = read('cert', tls.cert);
  const key = read('key', tls.key);
  try {
    // OpenSSL takes a file without any certificate for an empty list.
    for (const file of [ca, cert]) if (file !== undefined) void new X509Certificate(file);
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    const files = [tls.ca, tls.cert, tls.key].filter((path) => path !== null);
    throw refused(`endpoints.${name}.tls: not PEM, or not a pair: ${files.join(', ')}`, cause);
  }
}

function refused(message: string, cause: unknown): WalhookError {
  return new WalhookError(message, { code: 'endpoint_tls', exit: EXIT.badConfig, cause });
}
