import { type Delivery, DRAFT, sendsAlike } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import type { Attempt, BatchAttempt } from './port.ts';

export interface BatchAttemptOptions {
  /** Makes an attempt of what sends: it may leave a delivery out, or change it, before that. For drafts, and what has a cooldown. */
  readonly prepare: (send: Attempt) => Attempt;
  /** One delivery, whose request carries all of these. */
  readonly join: (deliveries: readonly [Delivery, ...Delivery[]]) => Delivery;
  readonly send: (delivery: Delivery, done: (outcome: Outcome) => void) => void;
}

/** Deliveries that go in one request, with their places in the batch. */
interface Group {
  readonly indexes: number[];
  readonly deliveries: [Delivery, ...Delivery[]];
}

/** Attempts at batches: each delivery is made ready by itself, then those whose requests differ in their bodies alone go together. */
export function batchAttempt({ prepare, join, send }: BatchAttemptOptions): BatchAttempt {
  return (batch, watch) => {
    const ready: (Delivery | null)[] = batch.map(() => null);
    let preparing = 1;
    const prepared = (): void => {
      preparing--;
      if (preparing > 0) return;
      const groups = grouped(ready);
      let under = groups.length;
      if (under === 0) watch.over();
      for (const { indexes, deliveries } of groups) {
        send(join(deliveries), (outcome) => {
          watch.answered(indexes, outcome);
          under--;
          if (under === 0) watch.over();
        });
      }
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

function grouped(ready: readonly (Delivery | null)[]): Group[] {
  const groups: Group[] = [];
  for (const [index, delivery] of ready.entries()) {
    if (delivery === null) continue;
    const group = groups.find(({ deliveries: [first] }) => sendsAlike(first.request, delivery.request));
    if (group === undefined) groups.push({ indexes: [index], deliveries: [delivery] });
    else {
      group.indexes.push(index);
      group.deliveries.push(delivery);
    }
  }
  return groups;
}
