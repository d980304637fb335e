import { expect, test } from 'vitest';
import { affectedHooks, chosenHooks, defaultHooks } from '../../src/commands/resync-backfills.ts';
import type { Loss } from '../../src/source/loss.ts';
import { load } from '../config/loading.ts';

const CONFIG = load(`version: 1
endpoints: { crm: { url: "https://crm.example" } }
hooks:
  - { name: profiles, table: profiles, to: crm }
  - { name: orders, table: app.orders, to: crm, events: [insert] }
  - { name: deletes, table: profiles, to: crm, events: [delete] }
  - { name: daily, table: profiles, to: crm, schedule: "0 6 * * *" }
`);
const LOSS: Loss = { code: 'slot_lost', what: 'slot walhook is gone', gap: { from: 1n, to: 2n, kind: 'unsent' }, remedy: 'new_slot' };

const names = (hooks: readonly { readonly name: string }[] | null): string[] | null => hooks?.map(({ name }) => name) ?? null;

test('a gap concerns the hooks that take inserts at once', () => {
  expect(names(affectedHooks(CONFIG))).toEqual(['profiles', 'orders']);
});

test.for<[string[] | undefined, string[] | null]>([
  [undefined, null],
  [['all'], ['profiles', 'orders']],
  [['none'], []],
  [['orders'], ['orders']],
  [['orders, profiles'], ['profiles', 'orders']],
  [['orders', 'profiles', 'orders'], ['profiles', 'orders']],
])('--backfill %j means %j', ([given, chosen]) => {
  expect(names(chosenHooks(given, CONFIG))).toEqual(chosen);
});

test.for<[string, string]>([
  ['profile', '"profile" is no hook (did you mean "profiles"?)'],
  ['profiles,', '"" is no hook'],
  ['all,profiles', '"all" is no hook'],
  ['daily', '"daily" has a schedule, or takes no inserts'],
  ['deletes', '"deletes" has a schedule, or takes no inserts'],
])('--backfill %s is refused', ([given, message]) => {
  expect(() => chosenHooks([given], CONFIG)).toThrow(message);
});

test('where nobody says, a slot that is made anew is followed by all, and nothing else is', () => {
  expect(names(defaultHooks(LOSS, CONFIG))).toEqual(['profiles', 'orders']);
  for (const remedy of ['slot_position', 'publication'] as const) expect(defaultHooks({ ...LOSS, remedy }, CONFIG)).toEqual([]);
});
