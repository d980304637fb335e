import type { InFlight } from './in-flight.ts';
import type { Item } from './item.ts';
import type { Lanes } from './lanes.ts';

/** What waits in an endpoint's memory, came with the stream, and has never been sent. */
export class Untouched {
  readonly #lanes: Lanes;
  readonly #inFlight: InFlight;

  constructor(lanes: Lanes, inFlight: InFlight) {
    this.#lanes = lanes;
    this.#inFlight = inFlight;
  }

  /** Its tickets, in no particular order. */
  get tickets(): number[] {
    return [...this.#lanes.allWaiting()].flatMap(({ ticket, settled }) => (ticket === null || settled !== null ? [] : [ticket]));
  }

  /** Drops what has this ticket or a later one, for it comes again from where the stream is read on: its tickets stay open. To be followed by `close`. */
  forget(from: number): void {
    const isMeant = ({ ticket, settled }: Item): boolean => ticket !== null && settled === null && ticket >= from;
    for (const item of this.#lanes.cutEnds(isMeant)) this.#inFlight.forget(item);
  }
}
