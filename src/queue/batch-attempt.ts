import { type Delivery, DRAFT, isJson, sendsAlike } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import type { Attempt, BatchAttempt } from './port.ts';

export interface BatchAttemptOptions {
  /** Bytes of the bodies in a request at most; the first may be larger. */
  readonly bytes: number;
  /** Makes an attempt of what sends: it may leave a delivery out, or change it, before that. For drafts, and what has a cooldown. */
  readonly prepare: (send: Attempt) => Attempt;
  /** One delivery, whose request carries all of these. */
  readonly join: (deliveries: readonly [Delivery, ...Delivery[]]) => Delivery;
  readonly send: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
}

/** Deliveries that go in one request, with their places in the batch, and the places of those that do not. */
interface Group {
  readonly indexes: number[];
  readonly deliveries: [Delivery, ...Delivery[]];
  readonly left: number[];
}

/**
 * Attempts at batches: each delivery is made ready by itself, then those go together whose requests differ in their bodies alone
 * from that of the first, and that fit in with it. Others, which no one could tell before they were made, are left.
 */
export function batchAttempt({ bytes, prepare, join, send }: BatchAttemptOptions): BatchAttempt {
  return (batch, watch) => {
    const ready: (Delivery | null)[] = batch.map(() => null);
    let preparing = 1;
    const prepared = (): void => {
      preparing--;
      if (preparing > 0) return;
      const group = firstOf(ready, bytes);
      if (group === null) return watch.over();
      const { indexes, deliveries, left } = group;
      send(join(deliveries), (outcome) => {
        watch.answered(indexes, outcome);
        watch.over();
      });
      if (left.length > 0) watch.left(left);
    };
    for (const [index, delivery] of batch.entries()) {
      if (delivery.request.contentType !== DRAFT && delivery.row === undefined) {
        ready[index] = delivery;
        continue;
      }
      preparing++;
      const sendReady: Attempt = (made) => {
        ready[index] = made;
        prepared();
      };
      prepare(sendReady)(
        delivery,
        (ending) => {
          watch.ended(index, ending);
          prepared();
        },
        (made) => watch.rendered(index, made),
      );
    }
    prepared();
  };
}

/** Those that go with the first that is ready; null if none is. */
function firstOf(ready: readonly (Delivery | null)[], bytes: number): Group | null {
  let group: Group | null = null;
  let room = bytes;
  for (const [index, delivery] of ready.entries()) {
    if (delivery === null) continue;
    const length = Buffer.byteLength(delivery.body);
    const first = group?.deliveries[0];
    if (group === null) {
      group = { indexes: [index], deliveries: [delivery], left: [] };
      room -= length;
    } else if (first !== undefined && length <= room && isJson(first.request) && sendsAlike(first.request, delivery.request)) {
      room -= length;
      group.indexes.push(index);
      group.deliveries.push(delivery);
    } else group.left.push(index);
  }
  return group;
}
