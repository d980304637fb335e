import type { ReceivedRequest } from '../../support/receiver.ts';
import { nameOf } from '../../support/writer.ts';

/** A request as far as it matters who had the lane. */
export interface LaneRequest {
  /** The row, which is a lane of the endpoint. */
  readonly row: number;
  readonly worker: string;
  readonly name: string;
  /** From its arrival until it was answered, or its connection ended: monotonic milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** Header by which a worker's requests are known: each process has an endpoint's header of its own. */
export const WORKER_HEADER = 'x-worker';

/**
 * @param rowOf the row of each change, by its name
 * @param end when the receiver was asked last: what has no answer was open until then
 */
export function laneRequests(requests: readonly ReceivedRequest[], rowOf: ReadonlyMap<string, number>, end: number): LaneRequest[] {
  return requests.map(({ body, headers, at, answeredAt = end }) => {
    const name = nameOf(body);
    return { row: rowOf.get(name) ?? -1, worker: String(headers[WORKER_HEADER] ?? ''), name, from: at, until: answeredAt };
  });
}

/**
 * A lane is never in two workers at once: requests of two of them for one row that were open at the same time, a
 * sentence each.
 */
export function overlaps(requests: readonly LaneRequest[]): string[] {
  const found: string[] = [];
  for (const [row, of] of Map.groupBy(requests, ({ row: lane }) => lane)) {
    /** Of each worker, the one that was open longest. */
    const open = new Map<string, LaneRequest>();
    for (const request of of.toSorted((a, b) => a.from - b.from)) {
      for (const other of open.values()) {
        if (other.worker === request.worker || other.until <= request.from) continue;
        found.push(`row ${row}: ${request.worker} sent ${request.name} ${Math.round(request.from - other.from)} ms after ${other.worker} had sent ${other.name}, which was open for ${Math.round(other.until - other.from)} ms`);
      }
      const longest = open.get(request.worker);
      if (longest === undefined || longest.until < request.until) open.set(request.worker, request);
    }
  }
  return found;
}
