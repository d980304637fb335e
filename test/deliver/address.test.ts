import { describe, expect, test } from 'vitest';
import { type Cidr, exactRange, isBlocked, parseCidr } from '../../src/deliver/address.ts';

function ranges(...texts: readonly string[]): Cidr[] {
  return texts.map((text) => {
    const range = parseCidr(text);
    if (range === null) throw new Error(`not a range: ${text}`);
    return range;
  });
}

describe('an address that is not public is blocked', () => {
  test.for([
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private', '10.0.0.5'],
    ['private', '10.255.255.255'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['carrier-grade NAT', '100.127.255.255'],
    ['a cloud’s metadata within it', '100.100.100.200'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['link-local', '169.254.0.1'],
    ['metadata', '169.254.169.254'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['6to4 relay', '192.88.99.1'],
    ['benchmarking', '198.18.0.1'],
    ['benchmarking', '198.19.255.255'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['loopback, written out', '0:0:0:0:0:0:0:1'],
    ['IPv4-compatible loopback', '::127.0.0.1'],
    ['IPv4-compatible', '::8.8.8.8'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped loopback, in hex', '::ffff:7f00:1'],
    ['IPv4-mapped private', '::ffff:10.0.0.5'],
    ['IPv4-mapped metadata', '::ffff:a9fe:a9fe'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['NAT64 loopback', '64:ff9b::127.0.0.1'],
    ['NAT64 metadata', '64:ff9b::a9fe:a9fe'],
    ['local-use NAT64', '64:ff9b:1::7f00:1'],
    ['local-use NAT64 of a public address', '64:ff9b:1::8.8.8.8'],
    ['6to4 loopback', '2002:7f00:1::'],
    ['6to4 private', '2002:a00:5::1'],
    ['6to4 of a public address', '2002:808:808::1'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['benchmarking', '2001:2::1'],
    ['ORCHID', '2001:20::1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['discard', '100::1'],
    ['segment routing', '5f00::1'],
    ['unique local', 'fc00::1'],
    ['unique local metadata', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['never assigned', '4000::1'],
  ])('%s: %s', ([, ip]) => {
    expect(isBlocked(ip ?? '', [])).toBe(true);
  });

  test.for(['', 'localhost', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '1.2.3', '1.2.3.4.5', '::g', '8.8.8.8/8'])(
    'what is no plain address: %j',
    (text) => {
      expect(isBlocked(text, ranges('0.0.0.0/0', '::/0'))).toBe(true);
    },
  );
});

test.for([
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '198.17.255.255',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80e::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
])('a public address is not blocked: %s', (ip) => {
  expect(isBlocked(ip, [])).toBe(false);
});

describe('an allowed range', () => {
  test.for([
    ['10.0.0.5', '10.0.0.0/8', false],
    ['10.0.0.5', '10.0.0.5/32', false],
    ['10.0.0.5', '10.0.0.5', false],
    ['10.0.0.6', '10.0.0.5/32', true],
    ['127.0.0.1', '10.0.0.0/8', true],
    ['::1', '::1/128', false],
    ['::1', '127.0.0.0/8', true],
    ['fd12::5', 'fd00::/8', false],
    ['fe80::1%eth0', 'fe80::/10', false],
    ['::ffff:10.0.0.5', '10.0.0.0/8', false],
    ['64:ff9b::10.0.0.5', '10.0.0.0/8', false],
    ['64:ff9b::10.0.0.5', '64:ff9b::/96', false],
    ['2002:a00:5::1', '10.0.0.0/8', true],
    ['10.0.0.5', '::/0', true],
  ] as const)('%s within %s: blocked %s', ([ip, allow, blocked]) => {
    expect(isBlocked(ip, ranges(allow))).toBe(blocked);
  });

  test('is refused where it is none', () => {
    expect(['', 'x', '10.0.0.0/33', '10.0.0/8/8', 'example.com', '::/129'].map(parseCidr)).toEqual([null, null, null, null, null, null]);
  });
});

test('the hint names the address alone, and the IPv4 one where an IPv6 one stands for it', () => {
  expect(['10.0.0.5', '::1', '::ffff:10.0.0.5', 'fe80::1%eth0'].map(exactRange)).toEqual(['10.0.0.5/32', '::1/128', '10.0.0.5/32', 'fe80::1/128']);
});

test.for([
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://１２７.０.０.１/',
  'http://127。0。0。1/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::127.0.0.1]/',
  'http://0/',
  'http://0xa9fea9fe/',
])('a URL’s notations are blocked once parsed: %s', (url) => {
  expect(isBlocked(new URL(url).hostname.replaceAll(/[[\]]/g, ''), [])).toBe(true);
});
