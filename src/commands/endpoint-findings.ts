import { lookup } from 'node:dns/promises';
import type { Config, EndpointConfig } from '../config.ts';
import { exactRange, isBlocked, parseCidr } from '../deliver/address.ts';
import { type Finding, warning } from '../finding.ts';

/**
 * The endpoints that every delivery would fail at, because none of their addresses is public or allowed. A name that
 * cannot be resolved here and now says nothing: it may be known where the daemon runs.
 */
export async function endpointFindings(config: Config): Promise<Finding[]> {
  return (await Promise.all(config.endpoints.flatMap((endpoint) => [endpoint.url, ...(endpoint.oauth2 === null ? [] : [endpoint.oauth2.token_url])].map((url) => blockedAddress(endpoint, url))))).flat();
}

async function blockedAddress({ name, network }: EndpointConfig, url: URL): Promise<Finding[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await resolve(host);
  const allow = network.allow.map(parseCidr).filter((range) => range !== null);
  if (addresses.length === 0 || !addresses.every((address) => isBlocked(address, allow))) return [];
  const ranges = [...new Set(addresses.map(exactRange))];
  const what = addresses.includes(host) ? host : `${host} is ${addresses.join(', ')}, which`;
  return [
    warning({
      code: 'blocked_address',
      message: `endpoint ${name} will not be sent to: ${what} is not a public address`,
      fix: `network: { allow: [${ranges.map((range) => JSON.stringify(range)).join(', ')}] }`,
      path: `endpoints.${name}.network.allow`,
    }),
  ];
}

/** Empty if there is no such name. An address stands for itself. */
async function resolve(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
  } catch {
    return [];
  }
}
