import { sql } from 'kysely';
import type { Condition } from '../queue/port.ts';
import type { StateDatabase } from './database.ts';

/** How an endpoint is doing, for people: a Condition with times in place of durations. */
export interface EndpointCondition {
  readonly endpoint: string;
  readonly state: Condition['state'];
  /** Why it is not active; null if it is. */
  readonly reason: string | null;
  /** When the state last changed. */
  readonly since: Date;
  /** When it failed first after its last success; null if it does not fail. */
  readonly failingSince: Date | null;
  /** When its open breaker lets a probe through; null if the breaker is closed. */
  readonly probeAt: Date | null;
}

/** By name. */
export async function endpointConditions(state: StateDatabase): Promise<EndpointCondition[]> {
  const { rows } = await sql<EndpointCondition>`
    select name as endpoint, state, reason, since, failing_since as "failingSince", probe_at as "probeAt"
    from ${sql.id(state.schema, 'endpoint')} order by name`.execute(state.db);
  return rows;
}
