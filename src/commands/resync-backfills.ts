import type { BackfillReport } from '../backfills.ts';
import { newBackfillId } from '../backfill/backfill-id.ts';
import type { BackfillStore, StoredBackfill } from '../backfill/port.ts';
import { didYouMean } from '../closest.ts';
import type { Config, HookConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Loss } from '../source/loss.ts';

/** More than that are not under way. */
const MOST = 1_000;

/** A backfill that the next `walhook run` begins with. */
export type WaitingBackfill = Pick<BackfillReport, 'id' | 'hook' | 'table'>;

/**
 * Hooks whose receivers lack what was written in a gap, and can get it by a backfill: those that take inserts. A scheduled
 * one is left out, as its rows go out at its times.
 */
export function affectedHooks({ hooks }: Pick<Config, 'hooks'>): readonly HookConfig[] {
  return hooks.filter(({ events, schedule }) => schedule === null && events.includes('insert'));
}

/**
 * The hooks that `--backfill` names; null: nothing was said.
 *
 * @param given each `all`, `none`, or names of hooks with commas between them.
 * @throws WalhookError `usage` for one that is no hook, or that rows cannot be sent to.
 */
export function chosenHooks(given: readonly string[] | undefined, config: Pick<Config, 'hooks'>): readonly HookConfig[] | null {
  if (given === undefined) return null;
  const affected = affectedHooks(config);
  const names = given.flatMap((list) => list.split(',')).map((name) => name.trim());
  if (names.length === 1 && names[0] === 'all') return affected;
  if (names.length === 1 && names[0] === 'none') return [];
  for (const name of names) {
    if (affected.some((hook) => hook.name === name)) continue;
    const isThere = config.hooks.some((hook) => hook.name === name);
    const why = isThere ? 'has a schedule, or takes no inserts' : `is no hook${didYouMean(name, [...affected.map((hook) => hook.name), 'all', 'none'])}`;
    throw new WalhookError(`--backfill: ${JSON.stringify(name)} ${why}`, { code: 'usage', hint: 'walhook resync --help', exit: EXIT.usage });
  }
  return affected.filter(({ name }) => names.includes(name));
}

/** Where nobody says and nobody can be asked: what only a new slot could follow is made good, for all of it may be stale. */
export function defaultHooks({ remedy }: Loss, config: Pick<Config, 'hooks'>): readonly HookConfig[] {
  return remedy === 'new_slot' ? affectedHooks(config) : [];
}

/** A backfill that goes on where it was, past the gap. */
export type UnfinishedBackfill = Pick<BackfillReport, 'id' | 'hook'>;

export interface StoredForResync {
  readonly waiting: readonly WaitingBackfill[];
  /** Of other hooks, or of a part of the rows. */
  readonly unfinished: readonly UnfinishedBackfill[];
}

/**
 * Stores a backfill for each hook. One that had begun is cancelled for it: rows behind its place may have changed in the gap, and with its id again
 * their webhook-ids would be known to receivers. One that waits, of a resync that was killed, stays the one. The slot must have been taken over.
 */
export async function storeBackfills(store: BackfillStore, hooks: readonly HookConfig[]): Promise<StoredForResync> {
  const waiting: WaitingBackfill[] = [];
  for (const { name: hook, schema, table } of hooks) {
    const before = (await store.list({ hook, active: true, limit: MOST })).find(({ where }) => where === null);
    if (before !== undefined && before.table === `${schema}.${table}` && isUntouched(before)) {
      waiting.push({ id: before.id, hook, table: before.table });
      continue;
    }
    if (before !== undefined) await store.turn(before.id, 'cancelled', 'resync: all rows are sent again');
    const stored = await store.begin({ id: newBackfillId(new Date()), hook, table: `${schema}.${table}`, where: null, columns: null, rate: null, origin: 'resync', rowsEstimated: null });
    if (stored !== null) waiting.push({ id: stored.id, hook, table: stored.table });
  }
  const active = await store.list({ active: true, limit: MOST });
  return { waiting, unfinished: active.filter(({ id }) => !waiting.some((one) => one.id === id)).map(({ id, hook }) => ({ id, hook })) };
}

/** It waits, with nothing sent, for what a resync would have it do. */
function isUntouched({ origin, state, after, columns }: StoredBackfill): boolean {
  return origin === 'resync' && state === 'waiting' && after === null && columns === null;
}
