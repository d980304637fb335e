import { maskHeader } from '../config/mask.ts';
import { WalhookError } from '../errors.ts';
import type { Selection, StoredDelivery, StoredDetail } from '../operations.ts';
import type { DeliveryFilter } from '../store/delivery-filter.ts';
import type { DeliveryDetail, DeliverySummary } from '../store/stored-delivery.ts';

/** A selection in the store's words. */
export function filterOf({ state, ids, endpoint, hook, table, since, before }: Selection): DeliveryFilter {
  if (state === 'delivered') throw new WalhookError('what was delivered is not stored', { code: 'not_stored' });
  return {
    fate: state,
    ...(ids === undefined ? {} : { ids }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(hook === undefined ? {} : { hook }),
    ...(table === undefined ? {} : { table: table.includes('.') ? table : `public.${table}` }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(before === undefined ? {} : { before: new Date(before) }),
  };
}

export function toSummary(stored: DeliverySummary): StoredDelivery {
  const { fate, id, endpoint, hook, table, operation, bytes, attempts, failure, status, message } = stored;
  return {
    state: fate,
    id,
    endpoint,
    hook,
    table,
    operation,
    bytes,
    attempts,
    failure,
    status,
    message,
    committed_at: stored.committedAt.toISOString(),
    parked_at: stored.parkedAt?.toISOString() ?? null,
    died_at: stored.diedAt?.toISOString() ?? null,
    delivered_at: null,
    duration_ms: null,
    next_at: stored.dueAt?.toISOString() ?? null,
  };
}

export function toDetail(stored: DeliveryDetail): StoredDetail {
  const { method, path, contentType, headers, body, response, commitLsn } = stored;
  return { ...toSummary(stored), method, path, content_type: contentType, headers: headers.map(maskHeader), body, response, commit_lsn: commitLsn };
}
