import type { SecureContext } from 'node:tls';
import type { EndpointConfig } from '../config.ts';
import { secureContextOf } from '../pem-files.ts';

/**
 * An endpoint's certificates, read once at start-up. `ca` stands in place of the system's authorities.
 * Throws a WalhookError that names the setting and the file.
 */
export function tlsContext({ name, tls }: Pick<EndpointConfig, 'name' | 'tls'>): SecureContext {
  return secureContextOf(tls, { setting: `endpoints.${name}.tls`, code: 'endpoint_tls' });
}
