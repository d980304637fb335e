import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery.ts';
import { RecordWriter } from '../../src/engine/record.ts';
import { formatLsn } from '../../src/lsn.ts';

const REQUEST: Delivery['request'] = { endpoint: 'crm', hook: 'all', method: 'POST', path: '', headers: [], extraHeaders: [], contentType: 'application/json' } as unknown as Delivery['request'];

function delivery(changes: Partial<Delivery> = {}): Delivery {
  return {
    id: 'evt_1', lane: 49, request: REQUEST, sequence: { commitLsn: 0x1_6b37_4800n, ordinal: 3, nth: 1 }, row: undefined, trace: undefined,
    operation: 'insert', table: 'public.items', body: '{}', bytes: 2, committedAt: 1_763_000_000_000, ...changes,
  };
}

test('what is the delivery’s own is written as JSON.stringify writes it', () => {
  const writer = new RecordWriter(24);
  const failure = { failure: 'expression', status: null, message: 'a "name"\n', response: '' } as const;
  const cases = [
    { of: delivery(), failure: null },
    { of: delivery({ id: 'a"b\\', table: 'public."odd\n"', row: '["ü\u2028"]', trace: '00-x-y-01' }), failure },
    { of: delivery({ sequence: { commitLsn: 0xffn, ordinal: 0, nth: 0 } }), failure: null },
  ];
  for (const { of, failure: why } of cases) {
    const { id, sequence: { commitLsn, ordinal, nth }, operation, table, committedAt, row, trace } = of;
    const own = { v: 1, id, at: [formatLsn(commitLsn), ordinal, nth], op: operation, table, committed: committedAt, row, trace, failure: why ?? undefined };
    expect(writer.write(of, why)).toEqual({ partition: 1, key: '49', value: '{}', header: `${JSON.stringify(REQUEST)}\n${JSON.stringify(own)}` });
  }
});
