import { sql } from 'kysely';
import type { Condition } from '../queue/port.ts';
import type { StateDatabase } from './database.ts';
import { guarded } from './store-error.ts';

/** What the state schema says of an endpoint that others than its queue may have written. */
export interface EndpointMark {
  readonly state: Condition['state'];
  /** Why it is not active; null if it is. */
  readonly reason: string | null;
  /** Differs after each write of it, also where it is what it was before: https://www.postgresql.org/docs/current/ddl-system-columns.html (xmin). */
  readonly written: string;
  /** Counts how often stored deliveries were put in or taken out by others than a queue. A bigint as text. */
  readonly touched: string;
  /** Names the rotation of its signing secret; null: there is none. */
  readonly rotation: string | null;
}

/** By endpoint. One that is missing is as `UNMARKED`. */
export type EndpointMarks = ReadonlyMap<string, EndpointMark>;

export const UNMARKED: EndpointMark = { state: 'active', reason: null, written: '', touched: '0', rotation: null };

/**
 * All endpoints that something is remembered of: a row each, and nothing of what is stored for them is read.
 * @throws WalhookError if the database does not answer
 */
export function endpointMarks(state: StateDatabase): Promise<EndpointMarks> {
  return guarded('read what others did to endpoints', async () => {
    const { rows } = await sql<EndpointMark & { readonly name: string }>`
      select coalesce(known.name, rotation.endpoint) as name, coalesce(known.state, 'active') as state, known.reason, coalesce(known.xmin::text, '') as written, coalesce(known.touched, 0) as touched,
        encode(rotation.fingerprint, 'hex') || ' ' || extract(epoch from rotation.ends_at)::text as rotation
      from ${sql.id(state.schema, 'endpoint')} as known full join ${sql.id(state.schema, 'rotation')} as rotation on rotation.endpoint = known.name`.execute(state.db);
    return new Map(rows.map(({ name, ...mark }) => [name, mark]));
  });
}
