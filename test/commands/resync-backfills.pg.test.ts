import { expect, test } from 'vitest';
import type { NewBackfill } from '../../src/backfill/port.ts';
import { affectedHooks, storeBackfills } from '../../src/commands/resync-backfills.ts';
import { backfillStore } from '../../src/store/backfills.ts';
import { load } from '../config/loading.ts';
import { testState } from '../store/state.ts';

const HOOKS = affectedHooks(
  load(`version: 1
endpoints: { crm: { url: "https://crm.example" } }
hooks:
  - { name: profiles, table: profiles, to: crm }
  - { name: orders, table: app.orders, to: crm }
`),
);
const PROGRESS = { after: { id: '40' }, again: [], rowsDone: 40, rowsSent: 40, rowsEstimated: 100 };

const backfill = (id: string, more: Partial<NewBackfill> = {}): NewBackfill => ({ id, hook: 'profiles', table: 'public.profiles', where: null, columns: null, rate: null, origin: 'command', rowsEstimated: 100, ...more });

async function store() {
  const { state, owner } = await testState();
  return backfillStore(state, owner);
}

test('one that had begun gives way to one that sends all rows, under another id', async () => {
  const backfills = await store();
  await backfills.begin(backfill('bf_begun'));
  await backfills.turn('bf_begun', 'running', null);
  await backfills.advance('bf_begun', PROGRESS);
  await backfills.begin(backfill('bf_slow', { hook: 'orders', table: 'app.orders', columns: ['id'], rate: 1 }));
  await backfills.turn('bf_slow', 'paused', 'paused by hand');

  const { waiting, unfinished } = await storeBackfills(backfills, HOOKS);
  expect(waiting.map(({ hook, table }) => [hook, table])).toEqual([['profiles', 'public.profiles'], ['orders', 'app.orders']]);
  expect(unfinished).toEqual([]);
  for (const id of ['bf_begun', 'bf_slow']) expect(await backfills.find(id)).toMatchObject({ state: 'cancelled', reason: 'resync: all rows are sent again' });
  for (const { id } of waiting) expect(await backfills.find(id)).toMatchObject({ state: 'waiting', origin: 'resync', after: null, columns: null, rate: null, rowsDone: 0 });
});

test('one that waits, of a resync that was killed, stays', async () => {
  const backfills = await store();
  const [first, again] = [await storeBackfills(backfills, HOOKS), await storeBackfills(backfills, HOOKS)];
  expect(again).toEqual(first);
  expect(await backfills.list({ limit: 10 })).toHaveLength(2);
});

test('one that waits for a table that its hook had before gives way', async () => {
  const backfills = await store();
  await backfills.begin(backfill('bf_before', { origin: 'resync', table: 'public.people' }));
  const { waiting } = await storeBackfills(backfills, HOOKS.slice(0, 1));
  expect(waiting).toEqual([{ id: expect.not.stringMatching('bf_before'), hook: 'profiles', table: 'public.profiles' }]);
  expect(await backfills.find('bf_before')).toMatchObject({ state: 'cancelled' });
});

test('those of other hooks, and those of a part of the rows, are told: they go on where they were', async () => {
  const backfills = await store();
  await backfills.begin(backfill('bf_part', { where: 'id > 3' }));
  await backfills.begin(backfill('bf_other', { hook: 'erp' }));
  await backfills.advance('bf_other', PROGRESS);
  const { unfinished } = await storeBackfills(backfills, HOOKS.slice(0, 1));
  expect(unfinished).toEqual(expect.arrayContaining([{ id: 'bf_part', hook: 'profiles' }, { id: 'bf_other', hook: 'erp' }]));
  expect(unfinished).toHaveLength(2);
  expect(await backfills.find('bf_other')).toMatchObject(PROGRESS);
});
