import type { buildConnector } from 'undici';
import type { EndpointConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { type Cidr, parseCidr } from './address.ts';
import { guardedConnector, type Resolve } from './guard.ts';
import { tlsContext } from './tls-context.ts';

/** What an endpoint's connections are made with, whether they lead to itself or to its authorization server. */
export interface ConnectorOptions {
  /** `https:` or `http:`. */
  readonly protocol: string;
  readonly resolve: Resolve;
  /** Milliseconds until a connection that does not come to be is given up. */
  readonly timeout: number;
}

/**
 * A connector under the endpoint's `network` and `tls`.
 * Throws a WalhookError for a certificate file or a range that cannot be used.
 */
export function endpointConnector(endpoint: EndpointConfig, { protocol, resolve, timeout }: ConnectorOptions): buildConnector.connector {
  return guardedConnector({
    endpoint: endpoint.name,
    allow: allowedRanges(endpoint),
    resolve,
    connect: { timeout, ...(protocol === 'https:' ? { secureContext: tlsContext(endpoint), rejectUnauthorized: true } : {}) },
  });
}

/** `network.allow` of an endpoint. @throws WalhookError for a range that is none */
export function allowedRanges({ name, network }: Pick<EndpointConfig, 'name' | 'network'>): Cidr[] {
  return network.allow.map((text) => {
    const range = parseCidr(text);
    if (range !== null) return range;
    throw new WalhookError(`endpoints.${name}.network.allow: not an address range: ${JSON.stringify(text)}`, {
      code: 'endpoint_network',
      hint: 'an address or a CIDR range: 10.0.0.0/8, fd00::/8',
      exit: EXIT.badConfig,
    });
  });
}
