import { expect, test } from 'vitest';
import type { NewBackfill } from '../../src/backfill/port.ts';
import { backfillStore } from '../../src/store/backfills.ts';
import { Ownership } from '../../src/store/owner.ts';
import { testState } from './state.ts';

function backfill(id: string, more: Partial<NewBackfill> = {}): NewBackfill {
  return { id, hook: 'crm', table: 'public.people', where: null, columns: null, rate: null, origin: 'command', rowsEstimated: 12, ...more };
}

async function stores() {
  const { state, owner } = await testState();
  return { state, owner, store: backfillStore(state, owner) };
}

test('a backfill is stored as it is asked for, and how far it has come', async () => {
  const { store } = await stores();
  const begun = await store.begin(backfill('bf_1', { where: `name <> 'it''s "x"'`, columns: ['id', 'a "b"'], rate: 0.5 }));
  expect(begun).toMatchObject({ id: 'bf_1', state: 'waiting', where: `name <> 'it''s "x"'`, columns: ['id', 'a "b"'], rate: 0.5, after: null, again: [], rowsDone: 0, rowsEstimated: 12, startedAt: null, endedAt: null });
  const progress = { after: { id: '9007199254740993', 'part "x"': 'ä\\,"' }, again: [{ id: '4', 'part "x"': '' }], rowsDone: 5, rowsSent: 4, rowsEstimated: 13 };
  await store.advance('bf_1', progress);
  expect(await store.find('bf_1')).toEqual({ ...begun, ...progress });
  expect(await store.find('bf_2')).toBeNull();
});

test('it turns until it has ended, and then nothing changes it any more', async () => {
  const { store } = await stores();
  await store.begin(backfill('bf_1'));
  const running = await store.turn('bf_1', 'running', null);
  expect(running).toMatchObject({ state: 'running', startedAt: expect.any(Date), endedAt: null });
  expect(await store.turn('bf_1', 'paused', 'by hand')).toMatchObject({ state: 'paused', reason: 'by hand', startedAt: running?.startedAt });
  expect(await store.turn('bf_1', 'running', null)).toMatchObject({ state: 'running', reason: null, startedAt: running?.startedAt });
  expect(await store.turn('bf_1', 'done', null)).toMatchObject({ state: 'done', endedAt: expect.any(Date) });
  expect(await store.turn('bf_1', 'cancelled', null)).toBeNull();
  expect(await store.turn('bf_9', 'cancelled', null)).toBeNull();
  await store.advance('bf_1', { after: { id: '1' }, again: [], rowsDone: 9, rowsSent: 9, rowsEstimated: 9 });
  expect(await store.find('bf_1')).toMatchObject({ state: 'done', after: null, rowsDone: 0 });
});

test('of a hook and condition there is one at a time, and of a hook one that is the first', async () => {
  const { store } = await stores();
  expect(await store.begin(backfill('bf_1'))).not.toBeNull();
  expect(await store.begin(backfill('bf_2'))).toBeNull();
  expect(await store.begin(backfill('bf_3', { where: 'id > 3' }))).not.toBeNull();
  expect(await store.begin(backfill('bf_4', { hook: 'erp' }))).not.toBeNull();
  await store.turn('bf_1', 'cancelled', null);
  expect(await store.begin(backfill('bf_5', { origin: 'initial' }))).not.toBeNull();
  await store.turn('bf_5', 'done', null);
  expect(await store.begin(backfill('bf_6', { origin: 'initial' }))).toBeNull();
  expect(await store.begin(backfill('bf_7'))).not.toBeNull();
  const ids = async (query: { hook?: string; active?: boolean }) => (await store.list({ ...query, limit: 10 })).map(({ id }) => id);
  expect(await ids({})).toEqual(['bf_7', 'bf_5', 'bf_4', 'bf_3', 'bf_1']);
  expect(await ids({ active: true })).toEqual(['bf_7', 'bf_4', 'bf_3']);
  expect(await ids({ hook: 'crm', active: false })).toEqual(['bf_5', 'bf_1']);
  expect(await store.list({ limit: 1 })).toHaveLength(1);
});

test('who has lost the slot can neither begin one nor say how far it is', async () => {
  const { state, store, owner } = await stores();
  await store.begin(backfill('bf_1'));
  await new Ownership(state, owner.slot).takeOver();
  const fenced = { code: 'fenced' };
  await expect(store.begin(backfill('bf_2', { hook: 'erp' }))).rejects.toMatchObject(fenced);
  await expect(store.advance('bf_1', { after: { id: '1' }, again: [], rowsDone: 1, rowsSent: 1, rowsEstimated: 1 })).rejects.toMatchObject(fenced);
  await expect(store.turn('bf_1', 'done', null)).rejects.toMatchObject(fenced);
  expect(await store.list({ limit: 10 })).toMatchObject([{ id: 'bf_1', state: 'waiting', rowsDone: 0 }]);
});
