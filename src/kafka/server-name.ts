import { isIP } from 'node:net';

/**
 * Whether a client tells each broker's host in the TLS handshake (SNI), which brokers behind one address go by: where all that are
 * configured have names, for an address is no such name (RFC 6066, 3). The certificate is held against the host either way.
 */
export function tellsServerName(brokers: readonly string[]): boolean {
  return brokers.every((broker) => isIP(broker.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')) === 0);
}
