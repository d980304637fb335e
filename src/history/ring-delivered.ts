import { bytesInMemory, type Delivery, type Headers } from '../delivery.ts';
import { type Delivered, type DeliveredFilter, deliveredCursor, type KeptAttempt, parseDeliveredCursor } from '../kept-attempts.ts';
import type { Parking } from '../queue/port.ts';
import type { AttemptRing } from './attempt-ring.ts';

/** Parked in one statement. */
const BATCH = 500;
/** Deliveries that arrived, of those that are in memory still. */
export class RingDelivered implements Delivered {
  readonly #ring: AttemptRing;
  readonly #park: (batch: readonly Parking[]) => Promise<void>;

  constructor(ring: AttemptRing, park: (batch: readonly Parking[]) => Promise<void>) {
    this.#ring = ring;
    this.#park = park;
  }

  async list({ filter, limit, cursor }: Parameters<Delivered['list']>[0]): ReturnType<Delivered['list']> {
    const [behind = Number.POSITIVE_INFINITY] = cursor === null ? [] : parseDeliveredCursor(cursor, 1);
    const deliveries: KeptAttempt[] = [];
    let last = 0;
    for (const [serial, kept] of this.#find(filter)) {
      if (serial >= Number(behind)) continue;
      if (deliveries.length === limit) return { deliveries, next: deliveredCursor([last]) };
      deliveries.push({ ...kept, body: null });
      last = serial;
    }
    return { deliveries, next: null };
  }

  async count(filter: DeliveredFilter): Promise<ReadonlyMap<string, number>> {
    return countOf(this.#latest(filter));
  }

  async show(id: string): Promise<readonly KeptAttempt[]> {
    return this.#latest({ ids: [id] });
  }

  async replayable(filter: DeliveredFilter): Promise<ReadonlyMap<string, number>> {
    return countOf(this.#latest(filter).filter(({ body }) => body !== null));
  }

  async replay(filter: DeliveredFilter, onChunk?: (done: number) => void, signal?: AbortSignal): Promise<ReadonlyMap<string, number>> {
    // In the order of the stream, as they were sent first.
    const wanted = this.#latest(filter).filter(({ body }) => body !== null).toReversed();
    const batch = wanted.map((kept): Parking => ({ delivery: deliveryOf(kept), attempts: 0, failure: null, dueIn: 0 }));
    let done = 0;
    while (done < batch.length) {
      if (signal?.aborted === true) break;
      await this.#park(batch.slice(done, done + BATCH));
      done = Math.min(batch.length, done + BATCH);
      onChunk?.(done);
    }
    return countOf(wanted.slice(0, done));
  }

  /** What arrived twice counts once. */
  #latest(filter: DeliveredFilter): KeptAttempt[] {
    const found = new Map<string, KeptAttempt>();
    for (const [, kept] of this.#find(filter)) {
      const key = `${kept.id} ${kept.endpoint}`;
      if (!found.has(key)) found.set(key, kept);
    }
    return [...found.values()];
  }

  *#find({ endpoint, hook, table, ids, lanes, since, before }: DeliveredFilter): Generator<[number, KeptAttempt]> {
    const wanted = ids === undefined ? null : new Set(ids);
    for (const serial of this.#ring.find({ result: 'delivered', endpoint, hook, table })) {
      const kept = this.#ring.get(serial);
      if (kept === null) continue;
      if (wanted !== null && !wanted.has(kept.id)) continue;
      if (since !== undefined && kept.at < since.getTime()) continue;
      if (before !== undefined && kept.at >= before.getTime()) continue;
      if (lanes !== undefined && !lanes.some((one) => one.hook === kept.hook && one.lane === kept.lane)) continue;
      yield [serial, kept];
    }
  }
}

/** The delivery, to be sent again. It takes no part in a cooldown any more. */
function deliveryOf(kept: KeptAttempt): Delivery {
  const { id, endpoint, hook, method, path, contentType, headers, lane, sequence, operation, table, committedAt } = kept;
  const body = kept.body?.toString() ?? '';
  const request = { hook, endpoint, method, path, contentType, headers: headers === null ? [] : (JSON.parse(headers) as Headers) };
  return {
    id,
    request,
    lane,
    sequence,
    operation,
    table,
    body,
    bytes: bytesInMemory(body, request),
    committedAt,
  };
}

function countOf(kept: readonly KeptAttempt[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { endpoint } of kept) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  return counts;
}
