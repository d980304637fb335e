import { sql } from 'kysely';
import { EXIT, WalhookError } from '../errors.ts';
import type { StateDatabase } from './database.ts';
import { matches, type StoredFate } from './delivery-filter.ts';
import type { DeliveryList, DeliverySummary, ListQuery } from './stored-delivery.ts';
import { along, behind, isPlace, latestFirst, type Place, placeOf, storedEndpoints, within } from './stored-order.ts';
import { summaryColumns } from './summary-columns.ts';

interface Cursor {
  readonly endpoint: string;
  readonly place: Place;
}

type Row = DeliverySummary & { readonly place: Place };

export async function listDeliveries(state: StateDatabase, { filter, limit, cursor }: ListQuery): Promise<DeliveryList> {
  const { fate } = filter;
  const from = cursor === null ? null : decode(fate, cursor);
  const endpoints = filter.endpoint === undefined ? await storedEndpoints(state, fate) : [filter.endpoint];
  const wanted = matches(filter, endpoints);
  // The latest of each endpoint, along its index, and of these the latest. One more than asked tells whether there is a next page.
  const { rows } = await sql<Row>`
    select latest.* from unnest(${endpoints}::text[]) as names (endpoint) cross join lateral (
      select ${summaryColumns(fate)}, ${placeOf(fate)} as place, ${sql.raw(fate === 'parked' ? 'commit_lsn, ordinal, nth' : 'died_at')}
      from ${sql.id(state.schema, fate)}
      where ${within(fate, { endpoint: sql.raw('names.endpoint'), upTo: from?.place ?? null })}
        and ${from === null ? sql`true` : behind(fate, from.place, from.endpoint)} and ${wanted}
      order by ${along(fate, 'desc')} limit ${limit + 1}
    ) as latest order by ${latestFirst(fate)} limit ${limit + 1}`.execute(state.db);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    deliveries: shown.map(summaryOf),
    next: last === undefined || rows.length <= limit ? null : encode(fate, { endpoint: last.endpoint, place: last.place }),
  };
}

/** The row without the columns that only order it. */
function summaryOf(row: Row): DeliverySummary {
  const { fate, id, endpoint, hook, operation, table, bytes, attempts, failure, status, message } = row;
  const { committedAt, parkedAt, dueAt, diedAt } = row;
  return { fate, id, endpoint, hook, operation, table, bytes, attempts, failure, status, message, committedAt, parkedAt, dueAt, diedAt };
}

function encode(fate: StoredFate, { endpoint, place }: Cursor): string {
  return Buffer.from(JSON.stringify([fate, endpoint, ...place])).toString('base64url');
}

function decode(fate: StoredFate, text: string): Cursor {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(parts)) {
      const [of, endpoint, ...place] = parts as unknown[];
      if (of === fate && typeof endpoint === 'string' && !endpoint.includes('\0') && isPlace(fate, place)) return { endpoint, place };
    }
  } catch {
    // Not JSON: as wrong as any other.
  }
  throw new WalhookError(`this is no cursor of a list of ${fate} deliveries`, { code: 'bad_cursor', exit: EXIT.usage });
}
