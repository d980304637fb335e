/**
 * Something an operator wants to know of walhook itself, told in the log and, with `notify`, by a webhook.
 * Holds no row values and no secrets.
 */
export type Notice =
  /** The endpoint's breaker has opened: its deliveries are parked until it answers a probe. */
  | { readonly type: 'endpoint.failing'; readonly endpoint: string; readonly reason: string }
  | { readonly type: 'endpoint.recovered'; readonly endpoint: string }
  /** Nothing is sent to the endpoint any more until someone resumes it; its deliveries are parked. */
  | { readonly type: 'endpoint.disabled'; readonly endpoint: string; readonly reason: string }
  | { readonly type: 'delivery.dead'; readonly endpoint: string; readonly hook: string; readonly id: string; readonly reason: string }
  /** Deliveries, or the reading of the WAL, lag behind commits by more than `notify.lag`. */
  | { readonly type: 'lag'; readonly seconds: number }
  /** The lag is over. */
  | { readonly type: 'lag.over' }
  /** The WAL that is kept for the slot will run out sooner than `notify.wal`, or has. */
  | {
      readonly type: 'wal.running_out';
      readonly slot: string;
      /** pg_replication_slots.wal_status. */
      readonly wal_status: string;
      /** Bytes that may still be written before the slot is lost; null where Postgres does not say. */
      readonly safe_bytes: number | null;
      /** Seconds until then, at the present rate; null if it cannot be told. */
      readonly seconds_left: number | null;
    }
  | { readonly type: 'wal.enough'; readonly slot: string };

export type NoticeType = Notice['type'];
