import { expect, test } from 'vitest';
import { rowJson } from '../../src/commands/test-row.ts';
import { load } from '../config/loading.ts';

const COLUMNS = ['id', 'email', 'phone', 'email_visible', 'phone_visible', 'privacy'];

function row(given: Record<string, unknown>, { isWhole = true, visibility = '{ email: email_visible, phone: phone_visible }' } = {}): unknown {
  const config = load(`version: 1\ntables: { t: { visibility: ${visibility} } }\nendpoints: { crm: { url: "https://x.example" } }\nhooks: [{ name: a, table: t, to: crm, fields: { rename: { phone: tel }, set: { source: shop } } }]\n`);
  const [table] = config.tables;
  const [hook] = config.hooks;
  if (table === undefined || hook === undefined) throw new Error('the file has a table and a hook');
  return JSON.parse(rowJson(new Map(Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)])), { table, hook, columns: COLUMNS }, isWhole));
}

test('columns may have the names that the hook gives them, and what it adds is passed over', () => {
  expect(row({ id: 1, tel: '7', source: 'shop', other: 2 })).toMatchObject({ id: 1, phone: '7', other: 2 });
  expect(row({ source: 'shop' })).not.toHaveProperty('source');
});

test('flags that are left out are what the fields show', () => {
  expect(row({ email: 'a', tel: '<<REDACTED>>' })).toEqual({ email: 'a', phone: null, email_visible: true, phone_visible: false });
  expect(row({ email: '<<REDACTED>>', email_visible: true, phone: '7', phone_visible: false })).toEqual({ email: '<<REDACTED>>', email_visible: true, phone: '7', phone_visible: false });
  const visibility = '{ column: privacy }';
  expect(row({ email: 'a', phone: '<<REDACTED>>' }, { visibility })).toEqual({ email: 'a', phone: null, privacy: { phone: false } });
  expect(row({ email: 'a' }, { visibility })).toEqual({ email: 'a' });
});

test('of the row before, only those of columns that were different; a hidden value is the same after it', () => {
  expect(row({ tel: '<<REDACTED>>' }, { isWhole: false })).toEqual({ phone_visible: false });
  expect(row({ tel: '7' }, { isWhole: false })).toEqual({ phone: '7', phone_visible: true });
  expect(row({ id: 1 }, { isWhole: false })).toEqual({ id: 1 });
});
