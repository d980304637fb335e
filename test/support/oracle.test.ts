import { describe, expect, test } from 'vitest';
import { type Ending, RECENT } from './duplicates.ts';
import { type Bounds, type Evidence, FLAWLESS, judge, type Sample, type StoredDelivery } from './oracle.ts';
import type { ReceivedRequest } from './receiver.ts';

/*
 * The fault suites believe the oracle, so it must find what they look for. Three rows, ten changes each, one a
 * transaction; then one thing is made wrong.
 */

const ROWS = [1, 2, 3];
const CHANGES = 10;
/** Milliseconds between two requests. */
const TICK = 100;
const MEBIBYTE = 1024 * 1024;
const BOUNDS: Bounds = {
  rss: { bytes: 200 * MEBIBYTE, most: 300 * MEBIBYTE },
  sockets: { count: 10, most: 20 },
  rows: { count: 30, most: 30 },
  inFlight: { deliveries: 5, most: 10 },
};

interface Sent {
  id: string;
  name: string;
  status: number;
  isBehind?: boolean;
}

function lsnOf(change: number): bigint {
  return BigInt(change) * 0x100n;
}

function idOf(change: number): string {
  return `${lsnOf(change).toString(16).padStart(16, '0')}-1-u-0123456789abcdef`;
}

function bodyOf(name: string): Buffer {
  const [operation, version] = name.split(' ');
  return Buffer.from(JSON.stringify({ data: {}, meta: { operation, lookup_values: [{ field: 'version', value: Number(version) }] } }));
}

/** Everything once and in order: change n is of row n modulo 3. */
function flawless(): { committed: Map<number, string[]>; sent: Sent[] } {
  const committed = new Map<number, string[]>(ROWS.map((row) => [row, []]));
  const sent = Array.from({ length: ROWS.length * CHANGES }, (_, change) => {
    const name = `data_update ${change}`;
    committed.get(ROWS[change % ROWS.length] ?? 0)?.push(name);
    return { id: idOf(change), name, status: 204 };
  });
  return { committed, sent };
}

function requestsOf(sent: readonly Sent[]): ReceivedRequest[] {
  return sent.map(({ id, name, status, isBehind = false }, order) => ({
    order, at: order * TICK, method: 'POST', url: '/hooks', headers: {}, body: bodyOf(name), id, attempt: 1, status, isBehind,
  }));
}

interface Doctored {
  readonly sent: Sent[];
  readonly stored: StoredDelivery[];
  readonly samples: Sample[];
  readonly rolledBack: Set<string>;
  readonly endings: Ending[];
  readonly texts: Record<string, string>;
  bounds: Bounds;
}

function verdict(doctor: (record: Doctored) => void): ReturnType<typeof judge> {
  const { committed, sent } = flawless();
  const record: Doctored = { sent, stored: [], samples: [], rolledBack: new Set(), endings: [], texts: { 'a log': 'nothing to see' }, bounds: BOUNDS };
  doctor(record);
  const { stored, samples, endings, bounds, texts } = record;
  const traces = { texts, secrets: { 'a hidden value': 'hidden-1', 'the token': 'token-1' } };
  const evidence: Evidence = { written: { committed, rolledBack: record.rolledBack }, requests: requestsOf(record.sent), stored, samples, endings, bounds, traces };
  return judge(evidence);
}

function sample(lsn: bigint, requests: number, stored: readonly string[] = []): Sample {
  return { lsn, within: null, stored: new Set(stored), requests };
}

/** Killed after so many requests. */
function crash(requests: number, more: Partial<Ending> = {}): Ending {
  return { kind: 'crash', at: requests * TICK, streamingSince: 0, concurrency: 2, ...more };
}

const again = (sent: readonly Sent[], at: number): Sent => ({ ...(sent[at] ?? { id: '', name: '', status: 0 }) });

test('a run without a fault has none', () => {
  expect(verdict(() => undefined)).toEqual({ ...FLAWLESS, duplicates: 0, delivered: ROWS.length * CHANGES });
});

test('a delivery that is parked or dead is not lost', () => {
  const { lost } = verdict(({ sent, stored }) => {
    const taken = sent.splice(29, 1);
    stored.push(...taken.map(({ id, name }) => ({ fate: 'parked' as const, endpoint: 'crm', id, body: bodyOf(name) })));
  });
  expect(lost).toEqual([]);
});

test('what is sent again after a crash counts as a duplicate, and is no fault if the checkpoint was before it', () => {
  const found = verdict(({ sent, samples, endings }) => {
    samples.push(sample(lsnOf(20), 25));
    endings.push(crash(24.5));
    sent.splice(25, 0, ...sent.slice(20, 25).map((each) => ({ ...each })));
  });
  expect(found).toMatchObject({ ...FLAWLESS, duplicates: 5 });
});

test('two of one row in a batch that is refused, and then sent apart, kept their order', () => {
  const found = verdict(({ sent }) => sent.splice(12, 0, { ...again(sent, 12), status: 400 }, { ...again(sent, 15), status: 400, isBehind: true }));
  expect(found).toMatchObject(FLAWLESS);
});

describe('finds', () => {
  test.each<{ what: string; doctor: (record: Doctored) => void; found: object }>([
    { what: 'a delivery that never came', doctor: ({ sent }) => sent.splice(14, 1), found: { lost: ['data_update 14'] } },
    { what: 'one that was only ever answered 503', doctor: ({ sent }) => (sent[14] = { ...again(sent, 14), status: 503 }), found: { lost: ['data_update 14'] } },
    {
      what: 'two of one row that changed places',
      doctor: ({ sent }) => sent.splice(12, 4, again(sent, 15), again(sent, 13), again(sent, 14), again(sent, 12)),
      found: { disordered: ['data_update 15 was sent before data_update 12 was delivered'] },
    },
    {
      what: 'one that was sent, though refused, while the one before it in its lane waited',
      doctor: ({ sent }) => sent.splice(12, 0, { ...again(sent, 15), status: 503 }),
      found: { disordered: ['data_update 15 was sent before data_update 12 was delivered'] },
    },
    {
      what: 'two of one row that changed places in a batch',
      doctor: ({ sent }) => sent.splice(12, 4, again(sent, 15), { ...again(sent, 12), isBehind: true }, again(sent, 13), again(sent, 14)),
      found: { disordered: ['data_update 15 was sent before data_update 12 was delivered'] },
    },
    {
      what: 'a rolled-back row',
      doctor: ({ sent, rolledBack }) => {
        rolledBack.add('data_insert 99');
        sent.push({ id: idOf(99), name: 'data_insert 99', status: 204 });
      },
      found: { unwritten: ['data_insert 99 was rolled back'] },
    },
    { what: 'a row that nobody wrote', doctor: ({ sent }) => sent.push({ id: idOf(99), name: 'delete 99', status: 500 }), found: { unwritten: ['delete 99 was never written'] } },
    { what: 'another id for a retry', doctor: ({ sent }) => sent.push({ ...again(sent, 3), id: 'random' }), found: { unstable: ['data_update 3 has two ids'] } },
    { what: 'an id for two changes', doctor: ({ sent }) => (sent[4] = { ...again(sent, 4), id: idOf(3) }), found: { unstable: [`${idOf(3)} has two bodies`], excess: [expect.stringContaining('came again')] } },
    {
      what: 'a checkpoint past what was not delivered yet',
      doctor: ({ samples }) => samples.push(sample(lsnOf(21), 20)),
      found: { premature: [`data_update 20 (${idOf(20)})`] },
    },
    {
      what: 'a checkpoint that reaches into a transaction whose change was not delivered yet',
      doctor: ({ samples }) => samples.push({ ...sample(lsnOf(20), 20), within: { commitLsn: lsnOf(20), ordinal: 1 } }),
      found: { premature: [`data_update 20 (${idOf(20)})`] },
    },
    {
      what: 'something sent again that the checkpoint was past',
      doctor: ({ sent, samples }) => {
        samples.push(sample(lsnOf(20), 20));
        sent.splice(20, 0, again(sent, 19));
      },
      found: { needless: [`data_update 19 (${idOf(19)}) came again`], excess: [`${idOf(19)} came again 100 ms later, and nothing had happened since`] },
    },
    {
      what: 'something sent again after a clean stop',
      doctor: ({ sent, endings }) => {
        endings.push(crash(20.5, { kind: 'clean' }));
        sent.splice(21, 0, again(sent, 20));
      },
      found: { excess: [`${idOf(20)} came again 100 ms later, and nothing had happened since`] },
    },
    { what: 'too much memory', doctor: (record) => (record.bounds = { ...BOUNDS, rss: { bytes: 301 * MEBIBYTE, most: 300 * MEBIBYTE } }), found: { unbounded: ['301 MiB of memory, at most 300 MiB expected'] } },
    { what: 'too many sockets', doctor: (record) => (record.bounds = { ...BOUNDS, sockets: { count: 21, most: 20 } }), found: { unbounded: ['21 sockets, at most 20 expected'] } },
    { what: 'more rows than were written', doctor: (record) => (record.bounds = { ...BOUNDS, rows: { count: 31, most: 30 } }), found: { unbounded: ['31 stored rows, at most 30 expected'] } },
    { what: 'more in memory than is allowed', doctor: (record) => (record.bounds = { ...BOUNDS, inFlight: { deliveries: 11, most: 10 } }), found: { unbounded: ['11 deliveries in memory, at most 10 allowed'] } },
    { what: 'a hidden value in a log', doctor: ({ texts }) => (texts['a log'] = 'row {"secret":"hidden-1"}'), found: { leaked: ['a hidden value is in a log'] } },
    { what: 'a secret in a stored row', doctor: ({ texts }) => (texts['table dead'] = 'Bearer token-1'), found: { leaked: ['the token is in table dead'] } },
  ])('$what', ({ doctor, found }) => {
    expect(verdict(doctor)).toMatchObject({ ...FLAWLESS, ...found });
  });
});

describe('after a crash', () => {
  /** Everything until request 24 comes again after it. */
  const replay = (endings: readonly Ending[], from: number): string[] =>
    verdict(({ sent, endings: all }) => {
      all.push(...endings);
      sent.splice(25, 0, ...sent.slice(from, 25).map((each) => ({ ...each })));
    }).excess;
  const recent = RECENT / TICK;

  test('what came in the last moments of streaming may come again, and as many older ones as could be under way', () => {
    expect(replay([crash(24.5)], 25 - recent)).toEqual([]);
    expect(replay([crash(24.5)], 25 - recent - 2)).toEqual([]);
    expect(replay([crash(24.5)], 25 - recent - 3)).toEqual([expect.stringMatching(/^after crash 1, besides 15 of the last 1500 ms, 3 older deliveries came again, of which at most 2/)]);
  });

  test('what it had no time to store since the crash before may come again too', () => {
    const hurried = crash(24.5, { streamingSince: 2_000 });
    expect(replay([hurried], 0)).toEqual([]);
    expect(replay([crash(18), hurried], 20 - 13)).toEqual([]);
    expect(replay([crash(18), hurried], 0)).not.toEqual([]);
    // Not across a clean stop: all was stored then.
    expect(replay([crash(18, { kind: 'clean' }), hurried], 10)).not.toEqual([]);
  });

  test('nothing counts as stored while the state database took nothing', () => {
    expect(replay([crash(24.5)], 0)).not.toEqual([]);
    expect(replay([crash(24.5, { blindSince: 1_500 })], 0)).toEqual([]);
  });

  test('a pause lets only what was under way come again', () => {
    expect(replay([crash(24.5, { kind: 'pause' })], 23)).toEqual([]);
    expect(replay([crash(24.5, { kind: 'pause' })], 22)).not.toEqual([]);
  });
});
