import type { ChangeKind } from '../change.ts';
import type { FailureClass, Outcome } from '../outcome.ts';
import type { EndpointRates } from '../traffic.ts';
import { Histogram } from './histogram.ts';

const MINUTES = 60;

/** What an attempt came to, in a word of few: a class of failure, but for a status its class. */
export const OUTCOMES = [
  'delivered', 'dns', 'refused', 'reset', 'tls', 'timeout', 'blocked_address', 'too_large', 'network', 'request', 'enrich', 'cooldown', 'expression', 'rejected', 'broker',
  'status_1xx', 'status_2xx', 'status_3xx', 'status_4xx', 'status_429', 'status_5xx',
] as const satisfies readonly ('delivered' | Exclude<FailureClass, 'status'> | `status_${string}`)[];
type OutcomeName = (typeof OUTCOMES)[number];

const PLACES: ReadonlyMap<string, number> = new Map(OUTCOMES.map((name, place) => [name, place]));

/** What is counted of an endpoint's attempts, on their way: integers alone. */
export class EndpointTally {
  readonly name: string;
  readonly duration = new Histogram();
  /** From commit to delivered. */
  readonly behind = new Histogram();
  readonly #outcomes = new Float64Array(OUTCOMES.length);
  readonly #delivered = new Uint32Array(MINUTES);
  readonly #failed = new Uint32Array(MINUTES);
  #minute = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(outcome: Outcome, behind: number): void {
    const minutes = outcome.kind === 'delivered' ? this.#delivered : this.#failed;
    minutes[this.#minute] = (minutes[this.#minute] ?? 0) + 1;
    const place = outcome.kind === 'delivered' ? 0 : placeOf(outcome);
    this.#outcomes[place] = (this.#outcomes[place] ?? 0) + 1;
    this.duration.add(outcome.ms);
    if (outcome.kind === 'delivered') this.behind.add(behind);
  }

  /** So many minutes have passed. */
  turn(minutes: number): void {
    for (let n = 0; n < Math.min(minutes, MINUTES); n++) {
      this.#minute = (this.#minute + 1) % MINUTES;
      this.#delivered[this.#minute] = 0;
      this.#failed[this.#minute] = 0;
    }
    this.duration.turn(minutes);
    this.behind.turn(minutes);
  }

  /** Those that there were, and `delivered`. */
  get outcomes(): Readonly<Partial<Record<OutcomeName, number>>> {
    return Object.fromEntries(OUTCOMES.map((name, place) => [name, this.#outcomes[place] ?? 0] as const).filter(([name, count]) => count > 0 || name === 'delivered'));
  }

  /** @param part of the minute that runs, from 0 to 1, that is over */
  rates(part: number): EndpointRates {
    const delivered = this.#outcomes[0] ?? 0;
    const before = this.#delivered[(this.#minute + MINUTES - 1) % MINUTES] ?? 0;
    return {
      name: this.name,
      per_minute: Math.round((this.#delivered[this.#minute] ?? 0) + before * (1 - part)),
      p50_ms: rounded(this.duration.quantile(0.5)),
      p95_ms: rounded(this.duration.quantile(0.95)),
      behind_p95_ms: rounded(this.behind.quantile(0.95)),
      minutes: Array.from({ length: MINUTES }, (_, n) => {
        const at = (this.#minute + 1 + n) % MINUTES;
        return { delivered: this.#delivered[at] ?? 0, failed: this.#failed[at] ?? 0 };
      }),
      attempts: { delivered, failed: this.#outcomes.reduce((sum, count) => sum + count, 0) - delivered },
    };
  }
}

/** Counts at each step of a hook's way: see HookRates. */
export class HookTally {
  readonly name: string;
  events = 0;
  matched = 0;
  deliveries = 0;
  delivered = 0;
  dead = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/** Changes of a table, by kind. */
export class TableTally {
  readonly name: string;
  insert = 0;
  update = 0;
  delete = 0;
  truncate = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(kind: ChangeKind): void {
    if (kind === 'insert') this.insert++;
    else if (kind === 'update') this.update++;
    else if (kind === 'delete') this.delete++;
    else this.truncate++;
  }
}

function placeOf({ failure, status }: Extract<Outcome, { kind: 'failed' }>): number {
  const name = failure !== 'status' ? failure : status === 429 ? 'status_429' : `status_${Math.floor((status ?? 500) / 100)}xx`;
  return PLACES.get(name) ?? OUTCOMES.length - 1;
}

/** To a thousandth. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}
