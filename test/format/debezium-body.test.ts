import { expect, test } from 'vitest';
import { deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { tell, type TellOptions } from '../support/table.ts';

const OID = 1;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'customers',
  replicaIdentity: 'f',
  columns: [
    { name: 'id', type: TYPE.int4, identity: true }, { name: 'email' }, { name: 'balance', type: TYPE.numeric, typmod: ((10 << 16) | 2) + 4 },
    { name: 'seen', type: TYPE.timestamptz }, { name: 'email_visible', type: TYPE.bool },
  ],
};
const COMMITTED_AT = 757_382_400_123_456n;
const SOURCE =
  '{"version":"walhook","connector":"postgresql","name":"walhook","ts_ms":1704067200123,"snapshot":"false","db":"shop","sequence":"[\\"97500059720\\",\\"1\\"]",' +
  '"ts_us":1704067200123456,"ts_ns":1704067200123456000,"schema":"public","table":"customers","txId":1,"lsn":97500059720,"xmin":null}';
const REST = `"source":${SOURCE},"transaction":null`;
const TIMES = '"ts_ms":1704067200123,"ts_us":1704067200123456,"ts_ns":1704067200123456000';

function customer(email: Value, visible: 't' | 'f' = 't', balance: Value = '12.50'): Value[] {
  return ['7', email, balance, '2024-01-01 00:00:00.5+00', visible];
}

function debezium(changes: Partial<TellOptions> = {}): TellOptions {
  return {
    shape: SHAPE,
    primaryKey: ['id'],
    commitLsn: 0x16_b374_d848n,
    committedAt: COMMITTED_AT,
    ...changes,
    hook: { format: 'debezium', ...changes.hook },
    table: { lookup: ['email'], visibility: { kind: 'columns', flags: new Map([['email', 'email_visible']]) }, ...changes.table },
  };
}

function texts(options: TellOptions, ...changes: readonly Buffer[]): string[] {
  return tell(options, ...changes).map(({ text }) => text);
}

const ANN = '{"id":7,"email":"ann@example.com","balance":"BOI=","seen":"2024-01-01T00:00:00.5Z"}';
const REDACTED = ANN.replace('ann@example.com', '<<REDACTED>>');

test('an insert is a create', () => {
  const [told] = tell(debezium(), insert(OID, customer('ann@example.com')));
  expect(told?.text).toBe(`{"before":null,"after":${ANN},${REST},"op":"c",${TIMES}}`);
  expect(told?.contentType).toBe('application/json');
  expect(told?.headers).toEqual([]);
});

test('an update has both rows', () => {
  const after = ANN.replace('ann@', 'anne@');
  expect(texts(debezium(), update(OID, customer('anne@example.com'), { old: customer('ann@example.com') }))).toEqual([
    `{"before":${ANN},"after":${after},${REST},"op":"u",${TIMES}}`,
  ]);
});

test('a delete has the row before', () => {
  expect(texts(debezium(), deletion(OID, { old: customer('ann@example.com') }))).toEqual([`{"before":${ANN},"after":null,${REST},"op":"d",${TIMES}}`]);
});

test('a truncate has neither row', () => {
  expect(texts(debezium(), truncate([OID]))).toEqual([`{"before":null,"after":null,${REST},"op":"t",${TIMES}}`]);
});

test('the row before has what the WAL has of it', () => {
  const shape: TableShape = { ...SHAPE, replicaIdentity: 'd' };
  const key = ['6', null, null, null, null];
  const before = (change: Buffer): unknown => tell(debezium({ shape }), change)[0]?.body.before;
  expect(before(update(OID, customer('ann@example.com')))).toBeNull();
  expect(before(update(OID, customer('ann@example.com'), { key }))).toEqual({ id: 6 });
  expect(before(deletion(OID, { key }))).toEqual({ id: 6 });
});

test('changes of a transaction are told apart by their place in it', () => {
  const told = tell(debezium(), insert(OID, customer('a')), insert(OID, customer('b')));
  expect(told.map(({ body }) => body.source.sequence)).toEqual(['["97500059720","1"]', '["97500059720","2"]']);
});

test('a flip of a flag is an update, and a value that was or is hidden is in neither row', () => {
  const open = customer('ann@example.com');
  const hidden = customer('ann@example.com', 'f');
  const body = `{"before":${REDACTED},"after":`;
  expect(texts(debezium(), update(OID, hidden, { old: open }))).toEqual([`${body}${REDACTED},${REST},"op":"u",${TIMES}}`]);
  expect(texts(debezium(), update(OID, open, { old: hidden }))).toEqual([`${body}${ANN},${REST},"op":"u",${TIMES}}`]);
  expect(texts(debezium(), deletion(OID, { old: hidden }))).toEqual([`${body}null,${REST},"op":"d",${TIMES}}`]);
});

test('an update of data and flag is told twice, as every format tells it', () => {
  const told = tell(debezium(), update(OID, customer('ann@example.com', 'f', '1.00'), { old: customer('ann@example.com') }));
  expect(told.map(({ operation, body }) => [operation, body.op])).toEqual([['data_update', 'u'], ['visibility_update', 'u']]);
});

test('an unchanged TOAST value is that of the row before, or Debezium’s placeholder', () => {
  const after = (...change: Parameters<typeof update>): unknown => tell(debezium(), update(...change))[0]?.body.after.email;
  const toast = customer(UNCHANGED_TOAST, 't', '1.00');
  expect(after(OID, toast, { old: customer('ann@example.com') })).toBe('ann@example.com');
  expect(after(OID, toast)).toBe('__debezium_unavailable_value');
  expect(after(OID, customer(UNCHANGED_TOAST, 'f'))).toBe('<<REDACTED>>');
});

test('fields hold for both rows; a row before keeps its key', () => {
  const fields = { only: ['email'], rename: new Map([['email', 'mail']]), set: new Map([['n', '1']]), omit_null: true };
  const row = (change: Buffer): unknown[] => tell(debezium({ hook: { fields } }), change).map(({ body }) => [body.before, body.after]);
  expect(row(update(OID, customer('b'), { old: customer('a') }))).toEqual([[{ id: 7, mail: 'a', n: 1 }, { mail: 'b', n: 1 }]]);
  expect(row(deletion(OID, { old: customer(null) }))).toEqual([[{ id: 7, n: 1 }, null]]);
  expect(row(insert(OID, customer(null)))).toEqual([[null, { n: 1 }]]);
  const omitted = tell(debezium({ hook: { fields: { omit: ['id', 'seen', 'balance'] } } }), deletion(OID, { old: customer('a') }));
  expect(omitted[0]?.body.before).toEqual({ email: 'a' });
});

test('an LSN beyond 2^53 keeps its digits', () => {
  expect(texts(debezium({ commitLsn: 2n ** 63n + 1n }), insert(OID, customer('a')))[0]).toContain('"lsn":9223372036854775809,');
});
