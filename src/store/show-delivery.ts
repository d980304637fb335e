import { sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import { deliveryKey, opened } from './delivery-columns.ts';
import { keys } from './delivery-filter.ts';
import { parseHeaders } from './headers-text.ts';
import type { DeliveryDetail } from './stored-delivery.ts';
import { storedEndpoints } from './stored-order.ts';
import { detailColumns, type DetailRow } from './summary-columns.ts';

export async function showDelivery(state: StateDatabase, id: string): Promise<DeliveryDetail[]> {
  const endpoints = [...new Set([...(await storedEndpoints(state, 'parked')), ...(await storedEndpoints(state, 'dead'))])];
  const wanted = keys([id], endpoints);
  const { rows } = await sql<DetailRow>`
    select ${detailColumns('parked')} from ${sql.id(state.schema, 'parked')} where key = any(${wanted}::text[])
    union all
    select ${detailColumns('dead')} from ${sql.id(state.schema, 'dead')} where key = any(${wanted}::text[])
    order by endpoint, fate`.execute(state.db);
  return rows.map((row) => {
    const key = deliveryKey(row.id, row.endpoint);
    const { path, headers, body } = opened(row, key, state.cipher);
    const response = row.response === null ? null : state.cipher.openText(row.response, { column: 'response', key });
    return { ...row, path, body, headers: parseHeaders(headers), response, ordinal: Number(row.ordinal) };
  });
}
