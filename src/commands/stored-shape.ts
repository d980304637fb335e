import { maskHeader } from '../config/mask.ts';
import type { Headers } from '../delivery.ts';
import type { DeliveredFilter, HookLane, KeptAttempt } from '../kept-attempts.ts';
import { formatLsn } from '../lsn.ts';
import type { Selection, StoredDelivery, StoredDetail, StoredState } from '../operations.ts';
import type { DeliveryFilter } from '../store/delivery-filter.ts';
import type { DeliveryDetail, DeliverySummary } from '../store/stored-delivery.ts';

/** A selection in the store's words. */
export function filterOf(selection: Selection & { readonly state: StoredState }, lanes: readonly HookLane[] | null = null): DeliveryFilter {
  return { fate: selection.state, ...deliveredFilter(selection, lanes) };
}

/** A selection in the words of what arrived. @param lanes those of its key; null if it has none */
export function deliveredFilter({ ids, endpoint, hook, table, since, before }: Selection, lanes: readonly HookLane[] | null): DeliveredFilter {
  return {
    ...(lanes === null ? {} : { lanes }),
    ...(ids === undefined ? {} : { ids }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(hook === undefined ? {} : { hook }),
    ...(table === undefined ? {} : { table: table.includes('.') ? table : `public.${table}` }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(before === undefined ? {} : { before: new Date(before) }),
  };
}

export function toSummary(stored: DeliverySummary): StoredDelivery {
  return {
    state: stored.fate,
    ...told(stored, stored.attempts),
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

export function deliveredSummary(kept: KeptAttempt): StoredDelivery {
  return {
    state: 'delivered',
    ...told(kept, kept.attempt),
    committed_at: new Date(kept.committedAt).toISOString(),
    parked_at: null,
    died_at: null,
    delivered_at: new Date(kept.at).toISOString(),
    duration_ms: Math.round(kept.ms * 1000) / 1000,
    next_at: null,
  };
}

/** A body that was not kept is empty. */
export function deliveredDetail(kept: KeptAttempt): StoredDetail {
  const { method, path, contentType, body, response, sequence } = kept;
  const headers = kept.headers === null ? [] : (JSON.parse(kept.headers) as Headers);
  return { ...deliveredSummary(kept), method, path, content_type: contentType, headers: headers.map(maskHeader), body: body?.toString() ?? '', response, commit_lsn: formatLsn(sequence.commitLsn) };
}

type Told = Pick<StoredDelivery, 'id' | 'endpoint' | 'hook' | 'table' | 'operation' | 'bytes' | 'attempts' | 'failure' | 'status' | 'message'>;

/** What is told of a delivery wherever it is kept. */
function told({ id, endpoint, hook, table, operation, bytes, failure, status, message }: Omit<Told, 'attempts'>, attempts: number): Told {
  return { id, endpoint, hook, table, operation, bytes, attempts, failure, status, message };
}
