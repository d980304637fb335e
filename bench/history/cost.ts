import { type Change, TEXT, type Tuple } from '../../src/change.ts';
import type { Delivery } from '../../src/delivery.ts';
import { AttemptRing } from '../../src/history/attempt-ring.ts';
import { ChangeRing, type TracedTable } from '../../src/history/change-ring.ts';
import { History } from '../../src/history/history.ts';
import type { Outcome } from '../../src/outcome.ts';

const TIMES = 300_000;

export interface HistoryCost {
  readonly counted: number;
  readonly kept: number;
  readonly change: number;
  readonly keptChange: number;
}

/** What each call of the recorder takes once it is compiled, in microseconds. */
export function historyCost(): HistoryCost {
  const history = new History();
  const attempts = new AttemptRing();
  const changes = new ChangeRing();
  history.begin({ endpoints: [{ name: 'bench' }], hooks: [{ name: 'bench' }], tables: [] } as unknown as Parameters<History['begin']>[0]);
  const deliveries = Array.from({ length: 1_000 }, (_, n) => delivery(n));
  const at = (n: number): Delivery => deliveries[n % deliveries.length] ?? delivery(n);
  const now = Date.now();
  return {
    counted: each((n) => history.attempted(at(n), DELIVERED, { result: 'delivered', attempt: 1 })),
    kept: each((n) => attempts.keep(at(n), DELIVERED, { result: 'delivered', attempt: 1, now })),
    change: each(() => history.takesChange()),
    keptChange: each(() => changes.keep(CHANGE, TRACED, [{ id: 'id', hook: 'bench', endpoint: 'bench' }])),
  };
}

/** The best of a few, after a first that does not count. */
function each(call: (n: number) => unknown): number {
  const rounds = Array.from({ length: 4 }, () => {
    const began = performance.now();
    for (let n = 0; n < TIMES; n++) call(n);
    return ((performance.now() - began) * 1_000) / TIMES;
  });
  return Math.min(...rounds.slice(1));
}

const DELIVERED: Outcome = { kind: 'delivered', status: 200, disable: false, ms: 1.5 };
const REQUEST = { hook: 'bench', endpoint: 'bench', method: null, path: null, contentType: 'application/json', headers: [] };

function delivery(n: number): Delivery {
  const body = `{"data":{"user_id":${n},"email":"user${n}@example.com","first_name":"Juliet","last_name":"Rose","score":0.142857,"created_at":"2026-11-22T00:00:00+00:00"},"redacted":[],"meta":{"operation":"data_insert","lookup_values":[]}}`;
  return {
    id: `00000000${n.toString(16).padStart(8, '0')}-1-i-0123456789abcdef`,
    request: REQUEST,
    lane: n,
    sequence: { commitLsn: BigInt(n), ordinal: 1, nth: 0 },
    operation: 'data_insert',
    table: 'public.profiles',
    body,
    bytes: body.length,
    committedAt: Date.now(),
  };
}

const TUPLE: Tuple = {
  bytes: Buffer.alloc(200, 'x'),
  count: 6,
  kind: new Uint8Array(6).fill(TEXT),
  start: Uint32Array.from([0, 20, 40, 60, 80, 100]),
  end: Uint32Array.from([10, 35, 50, 70, 90, 140]),
};
const RELATION = { oid: 1, schema: 'public', table: 'profiles', replicaIdentity: 'd', columns: [] } as const;
const CHANGE: Change = { kind: 'insert', relation: RELATION, transaction: { commitLsn: 1n, xid: 1, committedAt: 0n }, ordinal: 1, tableOrdinal: 1, row: TUPLE, old: null, oldIsKey: false };
const TRACED: TracedTable = { table: { relation: RELATION, name: 'public.profiles', key: [], lookup: [], flag: new Uint8Array(6), redacted: '' }, hiddenIn: () => null };
