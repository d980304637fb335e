import { sql } from 'kysely';
import type { Condition } from '../queue/port.ts';
import type { StateDatabase } from './database.ts';

/** What the state schema says of an endpoint that others than its queue may have written. */
export interface EndpointMark {
  readonly state: Condition['state'];
  /** Why it is not active; null if it is. */
  readonly reason: string | null;
  /** Counts how often stored deliveries were put in or taken out by others than a queue. A bigint as text. */
  readonly touched: string;
  /** Names the rotation of its signing secret; null: there is none. */
  readonly rotation: string | null;
}

/** By endpoint. One that is missing is as `UNMARKED`. */
export type EndpointMarks = ReadonlyMap<string, EndpointMark>;

export const UNMARKED: EndpointMark = { state: 'active', reason: null, touched: '0', rotation: null };

/** All endpoints that something is remembered of: a row each, and nothing of what is stored for them is read. */
export async function endpointMarks(state: StateDatabase): Promise<EndpointMarks> {
  const { rows } = await sql<EndpointMark & { readonly name: string }>`
    select coalesce(known.name, rotation.endpoint) as name, coalesce(known.state, 'active') as state, known.reason, coalesce(known.touched, 0) as touched,
      encode(rotation.fingerprint, 'hex') || ' ' || extract(epoch from rotation.ends_at)::text as rotation
    from ${sql.id(state.schema, 'endpoint')} as known full join ${sql.id(state.schema, 'rotation')} as rotation on rotation.endpoint = known.name`.execute(state.db);
  return new Map(rows.map(({ name, ...mark }) => [name, mark]));
}
