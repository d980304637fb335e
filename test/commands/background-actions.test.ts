import { describe, expect, test, vi } from 'vitest';
import type { ActionReport } from '../../src/actions.ts';
import { BackgroundActions, MOST_KEPT, MOST_RUNNING } from '../../src/commands/background-actions.ts';
import { WalhookError } from '../../src/errors.ts';
import type { BulkAction, BulkProgress, Operations, Selection, Tally } from '../../src/operations.ts';

const AS_OF = '2026-11-22T01:00:00.000Z';
const tally = (count: number, left: Tally['not_configured'] = {}): Tally => ({ count, endpoints: { crm: count }, not_configured: left, as_of: AS_OF });
const unwanted = (): never => expect.unreachable('nobody asks for this');

/** An action that goes on as the test says. */
interface Under {
  readonly action: BulkAction;
  readonly selection: Selection;
  readonly progress: BulkProgress;
  readonly end: PromiseWithResolvers<Tally>;
}

function scene({ count = async () => tally(10) }: { readonly count?: () => Promise<Tally> } = {}) {
  const under: Under[] = [];
  const ended: ActionReport[] = [];
  const errors: unknown[] = [];
  const operations: Operations = {
    list: unwanted,
    show: unwanted,
    pause: unwanted,
    resume: unwanted,
    count,
    act: (action, selection, progress) => {
      if (progress === undefined) return unwanted();
      const end = Promise.withResolvers<Tally>();
      under.push({ action, selection, progress, end });
      return end.promise;
    },
  };
  const actions = new BackgroundActions({ operations: () => operations, onEnd: (report) => ended.push(report), onError: (error) => errors.push(error) });
  const first = (): Under => under[0] ?? unwanted();
  return { actions, under, ended, errors, first };
}

test('it counts, answers, and goes on by itself until it is done', async () => {
  const { actions, first, ended } = scene({ count: async () => tally(10, { old: 2 }) });
  const begun = await actions.begin('discard', { state: 'parked', endpoint: 'crm' });
  expect(begun).toMatchObject({ action: 'discard', selection: { state: 'parked', endpoint: 'crm' }, state: 'running', total: 10, done: 0, ended_at: null });
  expect(begun.message).toBe('left as they are, since the configuration no longer has their endpoint: 2 of old');
  // What has come since the count is not meant.
  expect(first()).toMatchObject({ action: 'discard', selection: { state: 'parked', endpoint: 'crm', before: AS_OF } });
  first().progress.onDone(4);
  expect(actions.show(begun.id)).toMatchObject({ state: 'running', done: 4 });
  first().end.resolve(tally(9));
  await vi.waitFor(() => expect(actions.show(begun.id)).toMatchObject({ state: 'done', done: 9, ended_at: expect.any(String) }));
  expect(ended).toEqual([actions.show(begun.id)]);
});

test('a moment that was asked for stays', async () => {
  const { actions, first } = scene();
  await actions.begin('replay', { state: 'dead', before: '2026-01-01T00:00:00Z' });
  expect(first().selection.before).toBe('2026-01-01T00:00:00Z');
});

test('one that is cancelled begins nothing more, and tells what it did', async () => {
  const { actions, first, ended } = scene();
  const { id } = await actions.begin('replay', { state: 'dead' });
  first().progress.onDone(5);
  expect(actions.cancel(id)).toMatchObject({ id, state: 'running' });
  expect(first().progress.signal.aborted).toBe(true);
  first().end.resolve(tally(6));
  await vi.waitFor(() => expect(actions.show(id)).toMatchObject({ state: 'cancelled', done: 6 }));
  expect(() => actions.cancel(id)).toThrow(expect.objectContaining({ code: 'action_ended' }));
  expect(ended).toHaveLength(1);
});

describe('what goes wrong', () => {
  test.for([
    [new WalhookError('the state database is away', { code: 'state_unavailable' }), 'the state database is away', 0],
    [new Error('row (1, secret) is bad'), 'unexpected error: the log has the reason', 1],
  ] as const)('%s', async ([failure, message, logged]) => {
    const { actions, first, ended, errors } = scene();
    const { id } = await actions.begin('replay', { state: 'dead' });
    first().progress.onDone(5);
    first().end.reject(failure);
    await vi.waitFor(() => expect(actions.show(id)).toMatchObject({ state: 'failed', done: 5, message }));
    expect(errors).toHaveLength(logged);
    expect(ended).toHaveLength(1);
  });

  test('a selection that cannot be counted begins nothing', async () => {
    const { actions, under } = scene({ count: () => Promise.reject(new WalhookError('there is no endpoint "cmr"', { code: 'unknown_endpoint' })) });
    await expect(actions.begin('replay', { state: 'dead', endpoint: 'cmr' })).rejects.toMatchObject({ code: 'unknown_endpoint' });
    expect(under).toEqual([]);
    expect(actions.list()).toEqual([]);
  });

  test('an id that is not there', () => {
    const { actions } = scene();
    expect(() => actions.show('act_x')).toThrow(expect.objectContaining({ code: 'unknown_action' }));
    expect(() => actions.cancel('act_x')).toThrow(expect.objectContaining({ code: 'unknown_action' }));
  });
});

test('only so many run at once, counting included', async () => {
  const counting = Promise.withResolvers<Tally>();
  const { actions, under } = scene({ count: () => counting.promise });
  const begun = Array.from({ length: MOST_RUNNING }, () => actions.begin('replay', { state: 'dead' }));
  await expect(actions.begin('replay', { state: 'dead' })).rejects.toMatchObject({ code: 'actions_busy' });
  counting.resolve(tally(1));
  await Promise.all(begun);
  await expect(actions.begin('replay', { state: 'dead' })).rejects.toMatchObject({ code: 'actions_busy' });
  under[0]?.end.resolve(tally(1));
  await vi.waitFor(() => expect(actions.list().filter(({ state }) => state === 'running')).toHaveLength(MOST_RUNNING - 1));
  await actions.begin('replay', { state: 'dead' });
});

test('of those that have ended the last few are kept, the latest first', async () => {
  const { actions, under } = scene();
  const ids: string[] = [];
  for (let n = 0; n < MOST_KEPT + 7; n++) {
    const { id } = await actions.begin('replay', { state: 'dead', endpoint: `e${n}` });
    ids.push(id);
    under[n]?.end.resolve(tally(n));
    await vi.waitFor(() => expect(actions.show(id).state).toBe('done'));
  }
  expect(actions.list().map(({ id }) => id)).toEqual(ids.slice(-MOST_KEPT).toReversed());
  expect(new Set(ids).size).toBe(ids.length);
});

test('the end of the process does not wait for one that hangs', async () => {
  const { actions, first } = scene();
  await actions.begin('replay', { state: 'dead' });
  await actions.close();
  expect(first().progress.signal.aborted).toBe(true);
});

test('at the end of the process each is cancelled, and waited for', async () => {
  const { actions, first } = scene();
  const { id } = await actions.begin('replay', { state: 'dead' });
  first().progress.signal.addEventListener('abort', () => first().end.resolve(tally(2)));
  await actions.close();
  expect(actions.show(id)).toMatchObject({ state: 'cancelled', done: 2 });
});
