import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { Signer } from '../../src/format/signature.ts';
import { deletion, insert, type TableShape, truncate, TYPE, UNCHANGED_TOAST, update } from '../support/pgoutput.ts';
import { tell, type TellOptions } from '../support/table.ts';

const OID = 1;
const SHAPE: TableShape = {
  oid: OID,
  schema: 'public',
  table: 'profiles',
  replicaIdentity: 'f',
  columns: [{ name: 'user_id', type: TYPE.int8, identity: true }, { name: 'email' }, { name: 'country' }, { name: 'country_visible', type: TYPE.bool }],
};
const ROW = ['42', 'juliet@example.com', 'NL', 't'];

function standard(changes: Partial<TellOptions> = {}): TellOptions {
  return {
    shape: SHAPE,
    committedAt: 757_382_400_123_456n,
    ...changes,
    hook: { format: 'standard', ...changes.hook },
    table: { lookup: ['email'], visibility: { kind: 'columns', flags: new Map([['country', 'country_visible']]) } },
  };
}

test('type, timestamp and data, then what the event body says besides', () => {
  const [told] = tell(standard(), update(OID, ['42', 'juliet@example.com', 'BE', 'f'], { old: ROW }));
  expect(told?.text).toBe(
    '{"type":"profiles.visibility_updated","timestamp":"2024-01-01T00:00:00.123456Z","data":{"user_id":42,"email":"juliet@example.com","country":"<<REDACTED>>"},' +
      '"redacted":["country"],"meta":{"operation":"visibility_update","lookup_values":[{"field":"email","value":"juliet@example.com"}]}}',
  );
  expect(told?.contentType).toBe('application/json');
  expect(told?.headers).toEqual([]);
});

test('each operation has its type', () => {
  const typeOf = (...changes: readonly Buffer[]): unknown[] => tell(standard(), ...changes).map(({ body }) => body.type);
  expect(typeOf(insert(OID, ROW))).toEqual(['profiles.inserted']);
  expect(typeOf(update(OID, ['42', 'j@example.com', 'NL', 'f'], { old: ROW }))).toEqual(['profiles.updated', 'profiles.visibility_updated']);
  expect(typeOf(deletion(OID, { old: ROW }))).toEqual(['profiles.deleted']);
  expect(typeOf(truncate([OID]))).toEqual(['profiles.truncated']);
});

test.each([
  ['public', 'profiles', 'profiles.inserted'],
  ['app', 'profiles', 'app.profiles.inserted'],
  ['app.v2', 'Order "Items" 日', 'app_v2.Order__Items___.inserted'],
])('the type of an insert into %s.%s is %s', (schema, table, type) => {
  const [told] = tell(standard({ shape: { ...SHAPE, schema, table } }), insert(OID, ROW));
  expect(told?.body.type).toBe(type);
});

test('the options of the hook hold: names, constants, meta and what is left out as unchanged', () => {
  const hook: TellOptions['hook'] = { fields: { omit: ['user_id'], rename: new Map([['country', 'land']]), set: new Map([['n', '1']]) }, meta: ['table'] };
  const [told] = tell(standard({ hook }), update(OID, ['42', UNCHANGED_TOAST, 'NL', 't']));
  expect(told?.body).toEqual({
    type: 'profiles.updated',
    timestamp: '2024-01-01T00:00:00.123456Z',
    data: { land: 'NL', n: 1 },
    redacted: [],
    meta: { operation: 'data_update', lookup_values: [], table: 'profiles', unchanged: ['email'] },
  });
});

test('the Standard Webhooks library takes it', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const [told] = tell(standard(), insert(OID, ROW));
  const body = told?.text ?? '';
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = new Signer([secret]).sign('id', timestamp, body);
  expect(new Webhook(secret).verify(body, { 'webhook-id': 'id', 'webhook-timestamp': String(timestamp), 'webhook-signature': signature })).toMatchObject({ type: 'profiles.inserted', data: { user_id: 42 } });
});
