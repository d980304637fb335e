import { type Database, WALHOOK } from '../database.ts';
import type { Suite } from '../suite.ts';
import type { EventsAnswer, EventsInput } from './main.ts';

const MODULE = new URL('main.ts', import.meta.url);
const SLOT = 'bench_events';
const WARM_UP_SLOT = 'bench_warm_up';

export interface BuildOptions {
  readonly database: Database;
  /** walhook.yaml as plain data; its tables have the primary key `user_id`. */
  readonly config: object;
  readonly rows: number;
}

/** Builds the events of a backlog in a process of its own, with a configuration: see main.ts. Nothing is delivered. */
export async function buildEvents(suite: Suite, { database, config, rows }: BuildOptions): Promise<EventsAnswer> {
  await database.rewind(SLOT);
  await database.rewind(WARM_UP_SLOT);
  const input: EventsInput = { url: database.url, slot: SLOT, warmUpSlot: WARM_UP_SLOT, publication: WALHOOK, rows, config };
  return suite.task<EventsAnswer>(MODULE, input).answer;
}
