import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries } from '../support/oracle.ts';
import { seedOfRun } from '../support/random.ts';
import { type Conduct, RawEndpoint, type RawEndpointOptions, type RawRequest } from '../support/raw-endpoint.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

/** Delivered exactly once, all of it, in order. */
const ONCE = { ...FLAWLESS, duplicates: 0 };
/** Milliseconds for an attempt. */
const TIMEOUT = 600;
const MIB = 1024 ** 2;
/** Some 250 KiB that are 256 MiB to who unpacks them. */
const BOMB = gzipSync(Buffer.alloc(256 * MIB), { level: 1 });

interface Misdeed extends RawEndpointOptions {
  /** What status says of it. */
  readonly says: RegExp;
  /** Its breaker stays closed: what it answers may be about that delivery alone. */
  readonly healthy?: true;
  readonly options?: Readonly<Record<string, unknown>>;
}

function onRequest(requested: NonNullable<Conduct['requested']>): Conduct {
  return { requested };
}

/** Writes a byte every so often, for as long as the connection lasts. */
function drip({ socket }: RawRequest, head: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write('x'), 20);
  socket.once('close', () => clearInterval(timer));
}

/** Writes what is read, as fast as it is read, up to a gigabyte. */
function gush({ socket }: RawRequest, head: string): void {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  socket.write(head);
  const write = (): void => {
    while (written < 1024 * MIB && !socket.destroyed) {
      written += chunk.length;
      if (!socket.write(chunk)) return void socket.once('drain', write);
    }
  };
  write();
}

/** Every kind of endpoint that is never delivered to. */
const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  refuses: { conduct: {}, says: /connection refused/ },
  resets: { conduct: { connected: (socket) => void socket.resetAndDestroy() }, says: /reset|closed/ },
  'resets in the middle of its answer': {
    conduct: onRequest(({ socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', () => void setTimeout(() => socket.resetAndDestroy(), 10))),
    says: /reset|closed|cut short/,
  },
  hangs: { conduct: {}, says: /no response from .* within/ },
  'drips its head': { conduct: onRequest((request) => drip(request, 'HTTP/1.1 200 OK\r\nx: ')), says: /no response from .* within/ },
  'drips its body': { conduct: onRequest((request) => drip(request, 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')), says: /no whole response from .* within/ },
  'answers 500 and a gigabyte': { conduct: onRequest((request) => gush(request, 'HTTP/1.1 500 No\r\ncontent-length: 1073741824\r\n\r\n')), says: /answered 500/ },
  'answers 500 and a compressed bomb': {
    conduct: onRequest(({ socket }) => {
      socket.write(`HTTP/1.1 500 No\r\ncontent-encoding: gzip\r\ncontent-length: ${BOMB.length}\r\n\r\n`);
      socket.write(BOMB);
    }),
    says: /answered 500/,
  },
  'sends headers without end': { conduct: onRequest((request) => gush(request, 'HTTP/1.1 200 OK\r\nx: ')), says: /too large/ },
  'speaks another protocol': { conduct: onRequest(({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')), says: /does not speak HTTP|request to .* failed/ },
  'redirects to itself': { conduct: onRequest((request, endpoint) => endpoint.answer(request, 307, `location: ${endpoint.url}/elsewhere\r\n`)), says: /answered 307; redirects are not followed/, healthy: true },
  'redirects to the metadata of the cloud': {
    conduct: onRequest((request, endpoint) => endpoint.answer(request, 302, 'location: http://169.254.169.254/latest/meta-data/\r\n')),
    says: /answered 302; redirects are not followed/,
    healthy: true,
  },
  'answers 500': { conduct: onRequest((request, endpoint) => endpoint.answer(request, 500)), says: /answered 500/ },
  'has a certificate that nobody vouches for': { conduct: {}, tls: true, says: /certificate/ },
  'does not speak TLS': { conduct: { connected: (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') }, tls: 'plain', says: /TLS/ },
  'never begins TLS': { conduct: {}, tls: 'plain', says: /no connection to .* within/ },
  'hangs for minutes, which its timeout allows': { conduct: {}, options: { timeout: '10m' }, says: /^$/ },
};

/** The most memory that a process ever had, in bytes. */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function raw(options: RawEndpointOptions): Promise<RawEndpoint> {
  const endpoint = await RawEndpoint.open(options);
  onTestFinished(() => endpoint.close());
  return endpoint;
}

/** What `/api/v1/status` tells of an endpoint. */
interface EndpointReport {
  readonly name: string;
  readonly breaker: string;
  readonly last_error: string | null;
}

test('every kind of misbehaviour at once: each attempt has one deadline, memory is bounded, nothing is followed, breakers open, the neighbour waits for nobody, and all is kept until they are well', { timeout: 120_000 }, async () => {
  const database = await testDatabase(ITEMS_SQL);
  const audit = await testReceiver();
  const bad = Object.entries(MISDEEDS).map(([kind, misdeed], i) => ({ kind, misdeed, name: `bad_${i}` }));
  const endpoints = new Map<string, RawEndpoint>();
  for (const { name, misdeed } of bad) endpoints.set(name, await raw(misdeed));
  const of = (name: string): RawEndpoint => endpoints.get(name) ?? raise(name);
  const config = faultConfig({
    database,
    endpoints: {
      audit: faultEndpoint(audit.url),
      ...Object.fromEntries(
        bad.map(({ name, misdeed }) => [name, faultEndpoint(of(name).url, { timeout: `${TIMEOUT}ms`, concurrency: 2, breaker: { failures: 3, open: '300ms' }, ...misdeed.options })]),
      ),
    },
    limits: { in_flight: 1_000 },
  });
  await of('bad_0').close();
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, pause: 20 });
  onTestFinished(() => writer.stop());

  const daemon = launch(config);
  await daemon.streaming();
  const before = peakMemory(daemon.pid);
  await writer.start().more(100);
  await writer.stop();
  await allDelivered(audit, writer);
  const patient = of(bad.at(-1)?.name ?? '');
  // Two are held since the beginning, and nobody has waited for them.
  expect(patient.held).toHaveLength(2);
  expect(judge({ written: writer, requests: audit.requests, stored: [], samples: [] })).toMatchObject({ ...ONCE, delivered: writer.count });
  expect(audit.requests.every(({ attempt }) => attempt === 1)).toBe(true);

  const failing = bad.filter(({ misdeed }) => misdeed.options === undefined);
  await Promise.all(failing.filter(({ misdeed }) => misdeed.healthy !== true).map(({ name }) => daemon.until((line) => line['endpoint'] === name && line.msg.startsWith('the endpoint fails'))));
  await Promise.all(failing.map(({ name }) => untilQuery(database, `select count(*)::int from walhook.parked where endpoint = '${name}'`, writer.count)));
  await untilQuery(database, `select confirmed_flush_lsn > (select max(commit_lsn) from walhook.parked where endpoint = 'bad_0') from pg_replication_slots where slot_name = '${database.name}'`, true);
  const peak = peakMemory(daemon.pid);
  console.log(`${bad.length} misbehaving endpoints, ${writer.count} changes: memory was ${Math.round(before / MIB)} MiB, at most ${Math.round(peak / MIB)} MiB`);
  expect(peak - before).toBeLessThan(150 * MIB);

  const { endpoints: reports } = (await daemon.status()) as { readonly endpoints: readonly EndpointReport[] };
  for (const { kind, name, misdeed } of failing) {
    const report = reports.find((found) => found.name === name);
    expect(report?.last_error, kind).toMatch(misdeed.says);
    expect(of(name).delivered, kind).toBe(0);
    expect(of(name).requests.every(({ url }) => url === '/hooks'), kind).toBe(true);
    // An attempt without an answer ends with its connection.
    for (const { at, closedAt, status } of of(name).requests) if (closedAt !== null && status === null) expect(closedAt - at, kind).toBeLessThan(4 * TIMEOUT);
  }
  for (const kind of ['hangs', 'drips its head', 'drips its body']) {
    const { name = '' } = bad.find((one) => one.kind === kind) ?? {};
    expect(of(name).requests.filter(({ closedAt }) => closedAt !== null).length, `${kind}, to its end`).toBeGreaterThanOrEqual(3);
  }

  const healing = bad.filter(({ misdeed }) => misdeed.tls === undefined);
  await Promise.all(healing.map(({ name }) => of(name).heal()));
  for (const request of patient.held) patient.answer(request, 204);
  const names = healing.map(({ name }) => `'${name}'`).join(', ');
  await untilQuery(database, `select count(*)::int from walhook.parked where endpoint in (${names})`, 0);
  const stored = await storedDeliveries(database);
  for (const { kind, name } of healing) {
    const verdict = judge({ written: writer, requests: of(name).requests, stored: stored.filter(({ endpoint }) => endpoint === name), samples: [] });
    expect(verdict, kind).toMatchObject({ ...ONCE, delivered: writer.count });
  }
  for (const { kind, name } of bad.filter(({ misdeed }) => misdeed.tls !== undefined)) {
    expect(stored.filter(({ endpoint, fate }) => endpoint === name && fate === 'parked').length, kind).toBe(writer.count);
  }
});

function raise(name: string): never {
  throw new Error(`no endpoint ${name}`);
}
