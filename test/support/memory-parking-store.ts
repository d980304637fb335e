import type { Delivery, Sequence } from '../../src/delivery.ts';
import { WalhookError } from '../../src/errors.ts';
import type { Lsn } from '../../src/lsn.ts';
import { type Burial, type Condition, type Held, type ParkedLane, type Parking, type ParkingStore, type Remembered, type Settlement, type Stored, WELL } from '../../src/queue/port.ts';

interface Row {
  readonly delivery: Delivery;
  readonly attempts: number;
  readonly dueAt: number;
}

/**
 * The parking store's contract (src/queue/port.ts), in memory, with faults to order. Each call takes effect at one moment
 * between its start and its end, as a transaction does: `before` and `after` are the waits around it.
 */
export class MemoryParkingStore implements ParkingStore {
  /** By endpoint and id. */
  readonly parked = new Map<string, Row>();
  readonly held: Held[] = [];
  readonly dead = new Map<string, Delivery>();
  readonly conditions = new Map<string, Condition>();
  /** Calls by method. */
  readonly calls = new Map<string, number>();
  /** Most rows that a page gave. */
  largestPage = 0;
  before: (method: string) => Promise<void> | void = () => undefined;
  after: (method: string) => Promise<void> | void = () => undefined;
  /** Ids of rows that were changed behind walhook's back: a page that would have one fails. */
  readonly tampered = new Set<string>();
  /** Asked once for each call: `before` fails without effect, `after` takes effect and fails all the same. */
  fails: (method: string) => 'no' | 'before' | 'after' = () => 'no';
  readonly #underWay = new Set<{ readonly method: string; readonly effect: () => unknown }>();

  park(batch: readonly Parking[]): Promise<void> {
    return this.#call('park', batch.length, () => {
      for (const { delivery, attempts, dueIn } of batch) {
        const key = keyOf(delivery.request.endpoint, delivery.id);
        if (!this.parked.has(key)) this.parked.set(key, { delivery, attempts, dueAt: performance.now() + dueIn });
      }
    });
  }

  bury(batch: readonly Burial[]): Promise<void> {
    return this.#call('bury', batch.length, () => {
      for (const { delivery } of batch) this.dead.set(keyOf(delivery.request.endpoint, delivery.id), delivery);
    });
  }

  hold(batch: readonly Held[]): Promise<void> {
    return this.#call('hold', batch.length, () => void this.held.push(...batch));
  }

  settle({ endpoint, delivered, failed, dead }: Settlement): Promise<void> {
    return this.#call('settle', delivered.length + failed.length + dead.length, () => {
      for (const id of delivered) this.parked.delete(keyOf(endpoint, id));
      for (const { id, attempts, dueIn, rendered } of failed) {
        const row = this.parked.get(keyOf(endpoint, id));
        if (row) this.parked.set(keyOf(endpoint, id), { delivery: { ...row.delivery, ...rendered }, attempts, dueAt: performance.now() + dueIn });
      }
      for (const { id, rendered } of dead) {
        const key = keyOf(endpoint, id);
        const row = this.parked.get(key);
        if (row) this.dead.set(key, { ...row.delivery, ...rendered });
        this.parked.delete(key);
      }
    });
  }

  page({ endpoint, lanes, after, limit, bytes }: Parameters<ParkingStore['page']>[0]): Promise<Stored[]> {
    return this.#call('page', 1, () => {
      let before = 0;
      const rows = this.of(endpoint)
        .filter(({ delivery }) => lanes === null || lanes.includes(delivery.lane))
        .filter(({ delivery }) => after === null || compare(delivery.sequence, after) > 0)
        .slice(0, limit)
        .filter(({ delivery }) => (before += delivery.bytes) - delivery.bytes < bytes)
        // Read back, a delivery is another object.
        .map(({ delivery, attempts, dueAt }) => ({ delivery: { ...delivery }, attempts, dueIn: dueAt - performance.now() }));
      const changed = rows.find(({ delivery }) => this.tampered.has(delivery.id));
      if (changed !== undefined) throw new WalhookError(`${changed.delivery.id} was changed`, { code: 'state_tampered' });
      this.largestPage = Math.max(this.largestPage, rows.length);
      return rows;
    });
  }

  lanes(endpoint: string, limit: number): Promise<ParkedLane[] | null> {
    return this.#call('lanes', 1, () => {
      const heads = new Map<number, ParkedLane>();
      for (const { delivery, dueAt } of this.of(endpoint)) {
        if (!heads.has(delivery.lane)) heads.set(delivery.lane, { lane: delivery.lane, dueIn: dueAt - performance.now() });
      }
      return heads.size > limit ? null : [...heads.values()];
    });
  }

  lastParked(endpoint: string): Promise<Lsn | null> {
    return this.#call('lastParked', 1, () => this.of(endpoint).at(-1)?.delivery.sequence.commitLsn ?? null);
  }

  condition(endpoint: string): Promise<Condition> {
    return this.#call('condition', 1, () => this.conditions.get(endpoint) ?? WELL);
  }

  remember(endpoint: string, condition: Condition, what: Remembered = 'all'): Promise<void> {
    return this.#call('remember', 1, () => {
      const known = this.conditions.get(endpoint);
      const decided = what === 'all' || known === undefined ? condition : known;
      this.conditions.set(endpoint, { ...condition, state: decided.state, reason: decided.reason });
    });
  }

  /** The process that called is gone: each call under way takes effect now, or never. Its promises stay open. */
  interrupt(takesEffect: (method: string) => boolean): void {
    for (const { method, effect } of this.#underWay) if (takesEffect(method)) effect();
    this.#underWay.clear();
  }

  /** The endpoint's parked rows in sequence. */
  of(endpoint: string): Row[] {
    return [...this.parked.values()]
      .filter(({ delivery }) => delivery.request.endpoint === endpoint)
      .toSorted((a, b) => compare(a.delivery.sequence, b.delivery.sequence));
  }

  async #call<T>(method: string, size: number, effect: () => T): Promise<T> {
    // As a store that has nothing to do makes no round trip.
    if (size === 0) return effect();
    this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    const fate = this.fails(method);
    const call = { method, effect };
    this.#underWay.add(call);
    await this.before(method);
    if (!this.#underWay.delete(call)) await new Promise(() => undefined);
    if (fate === 'before') throw new Error(`the store is down (${method})`);
    const result = effect();
    await this.after(method);
    if (fate === 'after') throw new Error(`the connection was lost (${method})`);
    return result;
  }
}

export function keyOf(endpoint: string, id: string): string {
  return `${id} ${endpoint}`;
}

export function compare(a: Sequence, b: Sequence): number {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn ? -1 : 1;
  return a.ordinal - b.ordinal || a.nth - b.nth;
}
