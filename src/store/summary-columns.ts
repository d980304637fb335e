import { type RawBuilder, sql } from 'kysely';
import { SEAL_LENGTH } from './cipher.ts';
import type { StoredFate } from './delivery-filter.ts';
import type { DeliveryDetail, DeliverySummary } from './stored-delivery.ts';

/** The columns of a DeliverySummary under its names; `null` where its table has none. */
export function summaryColumns(fate: StoredFate): RawBuilder<DeliverySummary> {
  const [due, died] = fate === 'parked' ? ['due_at', 'null::timestamptz'] : ['null::timestamptz', 'died_at'];
  return sql.raw(`
    '${fate}' as fate, id, endpoint, hook, operation, table_name as "table", octet_length(body) - case when substring(body from 1 for 1) = '\\xff' then ${SEAL_LENGTH} else 0 end as bytes, attempts, failure, status, message,
    committed_at as "committedAt", parked_at as "parkedAt", ${due} as "dueAt", ${died} as "diedAt"`);
}

/** A DeliveryDetail as the driver gives it. */
export type DetailRow = Omit<DeliveryDetail, 'body' | 'ordinal' | 'headers'> & { readonly body: Buffer; readonly ordinal: string; readonly headers: string | null };

export function detailColumns(fate: StoredFate): RawBuilder<DetailRow> {
  return sql`${summaryColumns(fate)}, method, path, content_type as "contentType", headers, body, response, commit_lsn as "commitLsn", ordinal, nth`;
}
