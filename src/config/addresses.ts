import ipaddr from 'ipaddr.js';
import type { Reading } from './kinds.ts';

/** URLs, networks and where to listen. No message here holds the value: a URL may have a secret in it. */

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS */
export function postgresUrl(text: string): Reading<string> {
  if (!/^postgres(?:ql)?:\/\//.test(text)) return { refused: 'expected a URL that starts with postgres:// or postgresql://' };
  return /\s/.test(text) ? { refused: 'a URL has no white space in it: write it as %20' } : { value: text };
}

export function endpointUrl(text: string): Reading<URL> {
  if (!/^https?:\/\/[^/]/i.test(text)) return { refused: 'expected a URL that starts with https:// or http://' };
  if (/\s/.test(text)) return { refused: 'a URL has no white space in it: write it as %20' };
  const url = URL.parse(text);
  if (url === null) return { refused: 'not a valid URL' };
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    return { refused: 'user and password in a URL are percent-encoded: a % itself is written as %25' };
  }
  if (url.hash !== '') return { refused: 'a URL here has no #fragment: it would never be sent' };
  return { value: url };
}

/** Of an authorization server: the client's id and secret have options of their own. */
export function tokenUrl(text: string): Reading<URL> {
  const reading = endpointUrl(text);
  if ('refused' in reading || reading.value.username + reading.value.password === '') return reading;
  return { refused: 'a user and password do not belong here: `client_id` and `client_secret` are for them' };
}

/** Of an OpenTelemetry collector: what gives access goes into a header. */
export function collectorUrl(text: string): Reading<URL> {
  const reading = endpointUrl(text);
  if ('refused' in reading || reading.value.username + reading.value.password === '') return reading;
  return { refused: 'a user and password do not belong here: `headers` is for what gives access' };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** `10.0.0.0/8`, `fd00::/8`, or a single address. */
export function cidr(text: string): Reading<string> {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { value: `${text}/32` };
  if (ipaddr.IPv6.isValid(text)) return { value: `${text}/128` };
  const [address, bits] = text.split('/');
  const plain = ipaddr.isValidCIDR(text) && (ipaddr.IPv6.isValid(address ?? '') || ipaddr.IPv4.isValidFourPartDecimal(address ?? ''));
  if (!plain) return { refused: 'expected a network such as 10.0.0.0/8 or fd00::/8' };
  const kind = ipaddr.parse(address ?? '').kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  const network = kind.networkAddressFromCIDR(text).toString();
  const same = network === ipaddr.parse(address ?? '').toString();
  return same ? { value: text } : { refused: `the address has bits beyond its first ${bits}: write the network's own address` };
}

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`; port 0 takes any that is free. */
export function listen(text: string): Reading<Listen> {
  const match = /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const valid = host !== undefined && port <= 65_535 && (match?.[1] === undefined || ipaddr.IPv6.isValid(host));
  return valid ? { value: { host, port } } : { refused: 'expected host:port, such as 127.0.0.1:9464, [::1]:9464 or 0.0.0.0:9464' };
}

export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');
}
