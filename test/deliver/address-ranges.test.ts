import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type Cidr, exactRange, isBlocked, parseCidr } from '../../src/deliver/address.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = readFileSync(join(ROOT, 'src/deliver/address.ts'), 'utf8');

function rangeOf(text: string): Cidr {
  const range = parseCidr(text);
  if (range === null) throw new Error(`not a range: ${text}`);
  return range;
}

interface Edges {
  readonly range: string;
  /** The first and the last address in it, and one in the middle. */
  readonly inside: readonly string[];
  /** Its neighbours that are public; none where another range begins there. */
  readonly outside: readonly string[];
}

const edges = (range: string, inside: readonly string[], outside: readonly string[]): Edges => ({ range, inside, outside });

/** Every range of the registries of special-purpose addresses that is not for hosts, by both of its ends. */
const RANGES: readonly Edges[] = [
  edges('0.0.0.0/8', ['0.0.0.0', '0.255.255.255'], ['1.0.0.0']),
  edges('10.0.0.0/8', ['10.0.0.0', '10.128.0.1', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']),
  edges('100.64.0.0/10', ['100.64.0.0', '100.100.100.200', '100.127.255.255'], ['100.63.255.255', '100.128.0.0']),
  edges('127.0.0.0/8', ['127.0.0.0', '127.0.0.1', '127.255.255.255'], ['126.255.255.255', '128.0.0.0']),
  edges('168.63.129.16/32', ['168.63.129.16'], ['168.63.129.15', '168.63.129.17']),
  edges('169.254.0.0/16', ['169.254.0.0', '169.254.169.254', '169.254.170.2', '169.254.255.255'], ['169.253.255.255', '169.255.0.0']),
  edges('172.16.0.0/12', ['172.16.0.0', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']),
  edges('192.0.0.0/24', ['192.0.0.0', '192.0.0.192', '192.0.0.255'], ['191.255.255.255', '192.0.1.0']),
  edges('192.0.2.0/24', ['192.0.2.0', '192.0.2.255'], ['192.0.1.255', '192.0.3.0']),
  edges('192.88.99.0/24', ['192.88.99.0', '192.88.99.255'], ['192.88.98.255', '192.88.100.0']),
  edges('192.168.0.0/16', ['192.168.0.0', '192.168.255.255'], ['192.167.255.255', '192.169.0.0']),
  edges('198.18.0.0/15', ['198.18.0.0', '198.19.255.255'], ['198.17.255.255', '198.20.0.0']),
  edges('198.51.100.0/24', ['198.51.100.0', '198.51.100.255'], ['198.51.99.255', '198.51.101.0']),
  edges('203.0.113.0/24', ['203.0.113.0', '203.0.113.255'], ['203.0.112.255', '203.0.114.0']),
  edges('224.0.0.0/4', ['224.0.0.0', '239.255.255.255'], ['223.255.255.255']),
  edges('240.0.0.0/4', ['240.0.0.0', '255.255.255.255'], []),
  edges('2001::/23', ['2001::', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2001:20::1', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'], ['2001:200::']),
  edges('2001:db8::/32', ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'], ['2001:db7:ffff::', '2001:db9::']),
  edges('2002::/16', ['2002::', '2002:7f00:1::', '2002:a9fe:a9fe::', '2002:808:808::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], ['2001:ffff::', '2003::']),
  edges('3fff::/20', ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'], ['3ffe:ffff::', '3fff:1000::']),
];

/** What lies outside of global unicast altogether, where it is not an IPv4 address in other clothes. */
const NEVER_PUBLIC = ['::', '::1', '::2', '0::127.0.0.1', '0:0:0:0:0:0:127.0.0.1', '::127.0.0.1', '::8.8.8.8', '::ffff:0:127.0.0.1', '64:ff9b:1::8.8.8.8', '64:ff9b:1:ffff::1', '100::1', '100:0:0:1::1', '1fff:ffff::', '4000::', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fd20:ce::254', 'fdff:ffff::', 'fe80::1', 'fe80::a9fe:a9fe%eth0', 'fe80::1%25eth0', 'fec0::1', 'ff02::1', 'ffff::'];

test.for(RANGES)('$range is blocked from end to end, and its neighbours are not', ({ inside, outside }) => {
  expect(inside.filter((ip) => !isBlocked(ip, []))).toEqual([]);
  expect(outside.filter((ip) => isBlocked(ip, []))).toEqual([]);
});

test('nothing outside of global unicast is public', () => {
  expect(NEVER_PUBLIC.filter((ip) => !isBlocked(ip, []))).toEqual([]);
});

/** The IPv4 ranges in the forms that a network with DNS64, or a kernel with mapped addresses, takes to the same host. */
test.for(RANGES.filter(({ range }) => !range.includes(':')))('$range is blocked in its IPv6 forms too', ({ inside, outside }) => {
  const forms = (ip: string): string[] => {
    const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
    const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    return [`::ffff:${ip}`, `::FFFF:${hex}`, `0:0:0:0:0:ffff:${hex}`, `0000:0000:0000:0000:0000:ffff:${ip}`, `::ffff:${ip}%1`, `64:ff9b::${ip}`, `64:ff9b::${hex}`, `64:ff9b:0:0:0:0:${hex}`];
  };
  expect(inside.flatMap(forms).filter((ip) => !isBlocked(ip, []))).toEqual([]);
  expect(outside.flatMap(forms).filter((ip) => isBlocked(ip, []))).toEqual([]);
});

const METADATA = ['169.254.169.254', '169.254.170.2', '169.254.170.23', '168.63.129.16', '192.0.0.192', '100.100.100.200', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'];

test.for(METADATA.flatMap((ip) => (ip.includes(':') ? [ip] : [ip, `::ffff:${ip}`, `64:ff9b::${ip}`])))('metadata at %s is allowed by itself alone, never by a range around it', (ip) => {
  const ranges = ['0.0.0.0/0', '::/0', '169.254.0.0/16', '169.254.169.254/31', '168.63.129.0/24', '192.0.0.0/24', '100.64.0.0/10', 'fc00::/7', 'fd00:ec2::/32', '::ffff:0:0/96', '64:ff9b::/96'].map(rangeOf);
  expect(isBlocked(ip, ranges)).toBe(true);
  expect(isBlocked(ip, [...ranges, rangeOf(exactRange(ip))])).toBe(false);
  expect(isBlocked(ip, [...ranges, rangeOf(ip.replace(/^(?:::ffff:|64:ff9b::)/, ''))])).toBe(false);
});

/** Each host, in the notations that a URL may have it in. They are one thing once parsed, and blocked then. */
test.for(['127.0.0.1', '169.254.169.254', '10.0.0.5', '192.168.1.1', '168.63.129.16', '0.0.0.0'])('every notation of %s in a URL', (ip) => {
  const parts = ip.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = parts;
  const number = a * 2 ** 24 + b * 2 ** 16 + c * 256 + d;
  const wide = (text: string): string => Array.from(text, (one) => String.fromCodePoint((one.codePointAt(0) ?? 0) + 0xfee0)).join('');
  const notations = [
    ip,
    `${ip}.`,
    String(number),
    `0x${number.toString(16)}`,
    `0X${number.toString(16).toUpperCase()}`,
    `0${number.toString(8)}`,
    parts.map((part) => `0${part.toString(8)}`).join('.'),
    parts.map((part) => `000${part.toString(8)}`).join('.'),
    parts.map((part) => `0x${part.toString(16)}`).join('.'),
    `0x${a.toString(16)}.${b}.0${(c * 256 + d).toString(8)}`,
    `${a}.${b * 2 ** 16 + c * 256 + d}`,
    wide(ip),
    ip.replaceAll('.', '\u3002'),
    ip.replaceAll('.', '\uff61'),
    ip.replaceAll('.', '%2e'),
    Array.from(ip, (one) => `%${(one.codePointAt(0) ?? 0).toString(16)}`).join(''),
    `user:secret@${ip}`,
    `example.com@${ip}`,
    `[::ffff:${ip}]`,
    `[::${ip}]`,
    `[64:ff9b::${ip}]`,
  ];
  for (const scheme of ['http', 'https']) {
    const open = notations.filter((notation) => !isBlocked(new URL(`${scheme}://${notation}:8443/x`).hostname.replaceAll(/[[\]]/g, ''), []));
    expect(open).toEqual([]);
  }
});

describe('the table above would notice', () => {
  const folder = join(ROOT, 'node_modules/.cache');
  mkdirSync(folder, { recursive: true });
  const made = mkdtempSync(join(folder, 'walhook-mutant-'));
  afterAll(() => rmSync(made, { recursive: true, force: true }));
  let mutants = 0;

  type Judge = typeof isBlocked;

  /** `address.ts` with a piece of it changed. */
  async function mutant(from: string, to: string): Promise<Judge> {
    // The last place that has it: a line of METADATA may be a line of the ranges too.
    const at = SOURCE.lastIndexOf(from);
    const changed = SOURCE.slice(0, at) + to + SOURCE.slice(at + from.length);
    if (at < 0) throw new Error(`not in address.ts: ${from}`);
    const file = join(made, `address-${++mutants}.mjs`);
    writeFileSync(file, stripTypeScriptTypes(changed));
    const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { readonly isBlocked: Judge };
    return module.isBlocked;
  }

  const misses = (judge: Judge): boolean =>
    [...RANGES.flatMap(({ inside }) => inside), ...NEVER_PUBLIC].some((ip) => !judge(ip, [])) || RANGES.flatMap(({ outside }) => outside).some((ip) => judge(ip, []));

  const listed = [...SOURCE.slice(SOURCE.indexOf('NOT_PUBLIC_IPV4 = [')).matchAll(/^ {2}'([\da-f.:]+\/\d+)',.*$/gm)].map(([line, range = '']) => ({ line, range }));

  test('a range of address.ts that it has no row for', () => {
    expect(listed.map(({ range }) => range)).toEqual(RANGES.map(({ range }) => range));
  });

  test.for(listed)('$range taken out', async ({ line }) => {
    expect(misses(await mutant(line, ''))).toBe(true);
  });

  test.for(listed)('$range cut to a half', async ({ line, range }) => {
    const bits = Number(range.split('/')[1]);
    if (bits === 32) return;
    expect(misses(await mutant(line, line.replace(`/${bits}`, `/${bits + 1}`)))).toBe(true);
  });

  test.for([
    ['global unicast made wider', `range('2000::/3')`, `range('::/0')`],
    ['the mapped form forgotten', `'::ffff:0:0/96', `, ''],
    ['an address that cannot be read let through', 'if (address === null) return true', 'if (address === null) return false'],
  ])('%s', async ([, from = '', to = '']) => {
    const judge = await mutant(from, to);
    const isStillRight = !misses(judge) && judge('::ffff:10.0.0.5', []) && !judge('::ffff:8.8.8.8', []) && judge('localhost', []);
    expect(isStillRight).toBe(false);
  });
});
