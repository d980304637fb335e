import ipaddr from 'ipaddr.js';

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

/** A range of addresses: the network and its prefix length. */
export type Cidr = readonly [Ip, number];

/** `10.0.0.0/8`, `fd00::/8`, or a single address. null for anything else. */
export function parseCidr(text: string): Cidr | null {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const ip = ipaddr.parse(text);
    return [ip, ip.kind() === 'ipv4' ? 32 : 128];
  } catch {
    return null;
  }
}

/**
 * True if walhook must not connect to the address: it is not a public unicast one, and no range of `allow` holds it.
 * What cannot be parsed is blocked. An address of another network that stands for an IPv4 one (mapped, NAT64) is
 * judged by the IPv4 address, so that neither form gets around the other. Where a cloud hands out its credentials only a range of
 * that one address leads: who allows all of 10.0.0.0/8, or everything, hardly means those.
 */
export function isBlocked(ip: string, allow: readonly Cidr[]): boolean {
  const address = parseIp(ip);
  if (address === null) return true;
  const embedded = embeddedIpv4(address);
  const ranges = METADATA.some((range) => within(embedded ?? address, range)) ? allow.filter(isSingle) : allow;
  if (isAllowed(address, ranges)) return false;
  if (embedded === null) return !isPublic(address);
  return !isPublic(embedded) && !isAllowed(embedded, ranges);
}

/** The range to put into `network.allow` for one address: `10.0.0.5/32`. */
export function exactRange(ip: string): string {
  const address = parseIp(ip);
  if (address === null) return ip;
  const meant = embeddedIpv4(address) ?? address;
  return `${meant.toString()}/${meant.kind() === 'ipv4' ? 32 : 128}`;
}

function parseIp(ip: string): Ip | null {
  // Four decimal parts alone: no resolver gives an address in another notation, so one that comes is not trusted.
  if (!ipaddr.IPv4.isValidFourPartDecimal(ip) && !ipaddr.IPv6.isValid(ip)) return null;
  // ipaddr.js reads IPv4-compatible `::8.8.8.8` as the mapped `::ffff:8.8.8.8`, which is another address.
  if (IPV4_COMPATIBLE.test(ip)) return null;
  const address = ipaddr.parse(ip);
  // The zone says which interface, not which address.
  return address instanceof ipaddr.IPv6 && address.zoneId !== undefined ? new ipaddr.IPv6(address.parts) : address;
}

const IPV4_COMPATIBLE = /^::\d+\./;

function isSingle([network, bits]: Cidr): boolean {
  return bits === (network.kind() === 'ipv4' ? 32 : 128);
}

function isAllowed(address: Ip, allow: readonly Cidr[]): boolean {
  return allow.some((range) => within(address, range));
}

function isPublic(address: Ip): boolean {
  if (address instanceof ipaddr.IPv4) return !NOT_PUBLIC_IPV4.some((range) => within(address, range));
  return within(address, GLOBAL_UNICAST) && !NOT_PUBLIC_IPV6.some((range) => within(address, range));
}

function within(address: Ip, [network, bits]: Cidr): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

/**
 * The IPv4 host that an IPv6 address leads to: IPv4-mapped (RFC 4291) and the NAT64 well-known prefix (RFC 6052),
 * which every name of an IPv4-only host has in a network with DNS64.
 */
function embeddedIpv4(address: Ip): ipaddr.IPv4 | null {
  if (address.kind() === 'ipv4' || !STANDS_FOR_IPV4.some((range) => within(address, range))) return null;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

const range = (text: string): Cidr => ipaddr.parseCIDR(text);

const STANDS_FOR_IPV4 = ['::ffff:0:0/96', '64:ff9b::/96'].map(range);

/** Where clouds tell the machine who it is, with what proves it: AWS, Google, Azure, Oracle, Alibaba; and AWS' containers. */
const METADATA = [
  '169.254.169.254/32',
  '169.254.170.2/32',
  '169.254.170.23/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '100.100.100.200/32',
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
  'fd20:ce::254/128',
].map(range);

/**
 * What the registry of IPv4 special-purpose addresses does not call globally reachable, multicast, and the old class E.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8', // this network, unspecified
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  // Azure's own services within a virtual machine, which tell its certificates and settings: a public address by its number alone.
  // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  '168.63.129.16/32',
  '169.254.0.0/16', // link-local, and the clouds' metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays, withdrawn
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
].map(range);

/**
 * The only global unicast space that IANA gives out. Outside of it lie, among others, unspecified and loopback, IPv4-compatible,
 * local-use NAT64 (64:ff9b:1::/48), discard, unique local, link-local, site-local and multicast.
 * https://www.iana.org/assignments/ipv6-address-space
 */
const GLOBAL_UNICAST = range('2000::/3');

/** What of it is not for hosts. https://www.iana.org/assignments/iana-ipv6-special-registry */
const NOT_PUBLIC_IPV6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarking, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, withdrawn: leads to whatever the IPv4 address inside says
  '3fff::/20', // documentation
].map(range);
