import { describe, expect, test } from 'vitest';
import { type Evidence, FLAWLESS, judge, type Sample, type StoredDelivery } from './oracle.ts';
import type { ReceivedRequest } from './receiver.ts';

/*
 * The fault suites believe the oracle, so it must find what they look for. Three rows, ten changes each, one a
 * transaction; then one thing is made wrong.
 */

const ROWS = [1, 2, 3];
const CHANGES = 10;

interface Sent {
  id: string;
  name: string;
  status: number;
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
  return sent.map(({ id, name, status }, order) => ({
    order, at: order, method: 'POST', url: '/hooks', headers: {}, body: bodyOf(name), id, attempt: 1, status,
  }));
}

interface Doctored {
  readonly sent: Sent[];
  readonly stored: StoredDelivery[];
  readonly samples: Sample[];
  readonly rolledBack: Set<string>;
}

function verdict(doctor: (record: Doctored) => void): ReturnType<typeof judge> {
  const { committed, sent } = flawless();
  const record: Doctored = { sent, stored: [], samples: [], rolledBack: new Set() };
  doctor(record);
  const evidence: Evidence = { written: { committed, rolledBack: record.rolledBack }, requests: requestsOf(record.sent), stored: record.stored, samples: record.samples };
  return judge(evidence);
}

function sample(lsn: bigint, requests: number, stored: readonly string[] = []): Sample {
  return { lsn, within: null, stored: new Set(stored), requests };
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
  const found = verdict(({ sent, samples }) => {
    samples.push(sample(lsnOf(20), 25));
    sent.splice(25, 0, ...sent.slice(20, 25).map((each) => ({ ...each })));
  });
  expect(found).toMatchObject({ ...FLAWLESS, duplicates: 5 });
});

describe('finds', () => {
  test.each<{ what: string; doctor: (record: Doctored) => void; found: object }>([
    { what: 'a delivery that never came', doctor: ({ sent }) => sent.splice(14, 1), found: { lost: ['data_update 14'] } },
    { what: 'one that was only ever answered 503', doctor: ({ sent }) => (sent[14] = { ...again(sent, 14), status: 503 }), found: { lost: ['data_update 14'] } },
    {
      what: 'two of one row that changed places',
      doctor: ({ sent }) => sent.splice(12, 4, again(sent, 15), again(sent, 13), again(sent, 14), again(sent, 12)),
      found: { disordered: ['data_update 15 came before data_update 12'] },
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
    { what: 'an id for two changes', doctor: ({ sent }) => (sent[4] = { ...again(sent, 4), id: idOf(3) }), found: { unstable: [`${idOf(3)} has two bodies`] } },
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
      found: { needless: [`data_update 19 (${idOf(19)}) came again`] },
    },
  ])('$what', ({ doctor, found }) => {
    expect(verdict(doctor)).toMatchObject({ ...FLAWLESS, ...found });
  });
});
