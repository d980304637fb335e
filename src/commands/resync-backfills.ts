import type { BackfillReport } from '../backfills.ts';
import { newBackfillId } from '../backfill/backfill-id.ts';
import type { BackfillStore } from '../backfill/port.ts';
import { didYouMean } from '../closest.ts';
import type { Config, HookConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Loss } from '../source/loss.ts';

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

/** Stores a backfill for each hook; one that waits already, of a resync that was killed, stays the one. The slot must have been taken over. */
export async function storeBackfills(store: BackfillStore, hooks: readonly HookConfig[]): Promise<WaitingBackfill[]> {
  const waiting: WaitingBackfill[] = [];
  for (const { name: hook, schema, table } of hooks) {
    const stored =
      (await store.begin({ id: newBackfillId(new Date()), hook, table: `${schema}.${table}`, where: null, columns: null, rate: null, origin: 'resync', rowsEstimated: null })) ??
      (await store.list({ hook, active: true, limit: 1_000 })).find(({ where }) => where === null);
    if (stored !== undefined) waiting.push({ id: stored.id, hook, table: stored.table });
  }
  return waiting;
}
