/** What is known of an endpoint whose deliveries take more than its share of memory. */
export interface QueueLoad {
  /** Deliveries in memory. */
  readonly queued: number;
  /** Deliveries completed a second, lately. */
  readonly rate: number;
  /** Milliseconds since the last one completed, or since the queue began to fill. */
  readonly stalled: number;
  /** True if other endpoints would have to wait with it. */
  readonly neighbours: boolean;
}

/** How long the newest delivery of a queue may expect to wait, in milliseconds, if other endpoints share the memory, and if none does. */
const PATIENCE = 1_000;
const PATIENCE_ALONE = 30_000;

/**
 * True if an endpoint is too slow for the memory it takes, so that its deliveries should be parked rather than make
 * the stream wait. A fast one may fill its share: then the stream waits, which costs nothing.
 */
export function overflows(load: QueueLoad): boolean {
  const patience = load.neighbours ? PATIENCE : PATIENCE_ALONE;
  if (load.stalled > patience) return true;
  return load.rate > 0 && (load.queued / load.rate) * 1000 > patience;
}
