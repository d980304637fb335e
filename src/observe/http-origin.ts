import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** True for a `Host` header, or an address to listen on, that names this machine to itself: `localhost:9464`, `127.0.0.1`, `[::1]:80`. */
export function isLoopbackHost(host: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host);
  const name = (match?.[1] ?? match?.[2] ?? host).toLowerCase();
  const family = isIP(name);
  if (family === 0) return name === 'localhost';
  return LOOPBACK.check(name, family === 4 ? 'ipv4' : 'ipv6');
}

/** True if a page of this `Origin` was served by who is asked: `http://localhost:9464` for `Host: localhost:9464`. */
export function isOwnOrigin(origin: string, host: string): boolean {
  return host !== '' && URL.parse(origin)?.host === host.toLowerCase();
}
