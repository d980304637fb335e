import { type RawBuilder, sql } from 'kysely';
import type { HookLane } from '../kept-attempts.ts';
import { bigintArray, textArray } from './binary-array.ts';

/** The condition that keeps rows in one of these lanes. */
export function inLanes(lanes: readonly HookLane[]): RawBuilder<boolean> {
  return sql<boolean>`(hook, lane) in (select * from unnest(${textArray(lanes.map(({ hook }) => hook))}::text[], ${bigintArray(lanes.map(({ lane }) => lane))}::bigint[]))`;
}
