import type { Change } from '../change.ts';
import type { Config } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import { attemptReport, type AttemptStore, type KeptAttempt } from '../kept-attempts.ts';
import type { Outcome } from '../outcome.ts';
import type { AttemptReport, ChangeList, ChangeQuery, ChangeReport, LiveAttempt, LiveEvent, LiveFilter, Traffic, TrafficRates } from '../traffic.ts';
import { AttemptRing } from './attempt-ring.ts';
import { changeReport, parseId, parsePlace } from './change-report.ts';
import { ChangeRing, type MadeOf, type TracedTable } from './change-ring.ts';
import { LiveBus } from './live-bus.ts';
import { EndpointTally, HookTally, TableTally } from './tallies.ts';
import { TokenBucket } from './token-bucket.ts';

const MINUTE = 60_000;
/** Attempts a second that are kept, of those that delivered and of those that failed; more at once after a quiet time. */
const ATTEMPTS_A_SECOND = 1_000;
const ATTEMPTS_AT_ONCE = 2_000;
/** Changes a second. */
const CHANGES_A_SECOND = 200;
const CHANGES_AT_ONCE = 1_000;

/** Tables, endpoints and hooks that something is counted of. */
export interface Tallies {
  readonly endpoints: ReadonlyMap<string, EndpointTally>;
  readonly hooks: ReadonlyMap<string, HookTally>;
  readonly tables: ReadonlyMap<string, TableTally>;
}

/**
 * What went by of late, in one process: what is counted of all of it, and some of it to look at. It outlives a change of the
 * configuration. Whoever handles a change or an attempt calls it, so each call is a handful of increments, and nothing that
 * is handed over is held on to.
 */
export class History implements Traffic {
  readonly attemptRing = new AttemptRing();
  readonly #changeRing = new ChangeRing();
  readonly #endpoints = new Map<string, EndpointTally>();
  readonly #hooks = new Map<string, HookTally>();
  readonly #tables = new Map<string, TableTally>();
  readonly #since = new Date();
  readonly #live: LiveBus;
  #delivered = new TokenBucket(ATTEMPTS_A_SECOND, ATTEMPTS_AT_ONCE);
  #failed = new TokenBucket(ATTEMPTS_A_SECOND, ATTEMPTS_AT_ONCE);
  readonly #changes = new TokenBucket(CHANGES_A_SECOND, CHANGES_AT_ONCE);
  #attemptsPassedOver = 0;
  #changesPassedOver = 0;
  /** When the minute that runs began, in Unix milliseconds. */
  #minute = Math.floor(Date.now() / MINUTE) * MINUTE;
  #store: Pick<AttemptStore, 'attempts'> | null = null;
  /** How many attempts could not be kept beyond the process, of those that should have been. */
  lost: () => number = () => 0;

  constructor() {
    this.#live = new LiveBus([
      { next: () => this.#changeRing.next, get: (serial) => this.#liveChange(serial), passedOver: () => this.#changesPassedOver },
      { next: () => this.attemptRing.next, get: (serial) => this.#liveAttempt(serial), passedOver: () => this.#attemptsPassedOver },
    ]);
  }

  /**
   * A daemon begins: what it does not have any more is counted no longer.
   *
   * @param store what is kept beyond the process; null: nothing is. @param rate attempts a second that are kept. Default: 1,000.
   */
  begin(config: Pick<Config, 'endpoints' | 'hooks' | 'tables'>, store: Pick<AttemptStore, 'attempts'> | null = null, rate = ATTEMPTS_A_SECOND): void {
    this.know(config);
    this.#store = store;
    this.#delivered = new TokenBucket(rate, Math.max(1, 2 * rate));
    this.#failed = new TokenBucket(rate, Math.max(1, 2 * rate));
  }

  /** A tail begins, which delivers nothing: a worker in the same process may have begun, and what that one keeps stays. */
  know(config: Pick<Config, 'endpoints' | 'hooks' | 'tables'>, store: Pick<AttemptStore, 'attempts'> | null = null): void {
    const endpoints = config.endpoints.map(({ name }) => name);
    const hooks = config.hooks.map(({ name }) => name);
    const tables = config.tables.map(({ schema, table }) => `${schema}.${table}`);
    keepOnly(this.#endpoints, endpoints);
    keepOnly(this.#hooks, hooks);
    keepOnly(this.#tables, tables);
    for (const name of endpoints) this.endpoint(name);
    for (const name of hooks) this.hook(name);
    for (const name of tables) this.table(name);
    this.#store ??= store;
  }

  /** Its daemon has ended: what it kept beyond the process is not to be had. */
  end(store: Pick<AttemptStore, 'attempts'>): void {
    if (this.#store === store) this.#store = null;
  }

  endpoint(name: string): EndpointTally {
    return have(this.#endpoints, name, (of) => new EndpointTally(of));
  }

  hook(name: string): HookTally {
    return have(this.#hooks, name, (of) => new HookTally(of));
  }

  /** @param name `schema.table` */
  table(name: string): TableTally {
    return have(this.#tables, name, (of) => new TableTally(of));
  }

  get tallies(): Tallies {
    this.#turn(Date.now());
    return { endpoints: this.#endpoints, hooks: this.#hooks, tables: this.#tables };
  }

  /** Attempts that were not kept, because there were too many in a moment, since the start. */
  get attemptsPassedOver(): number {
    return this.#attemptsPassedOver;
  }

  /** An attempt has ended. @param attempt 1 for the first */
  attempted(delivery: Delivery, outcome: Outcome, { result, attempt }: { readonly result: AttemptReport['result']; readonly attempt: number }): void {
    const now = Date.now();
    if (now >= this.#minute + MINUTE) this.#turn(now);
    const { request, committedAt } = delivery;
    this.#endpoints.get(request.endpoint)?.add(outcome, now - committedAt);
    const hook = this.#hooks.get(request.hook);
    if (hook !== undefined && result === 'delivered') hook.delivered++;
    if (hook !== undefined && result === 'dead') hook.dead++;
    const bucket = result === 'delivered' ? this.#delivered : this.#failed;
    if (!bucket.take(now) || !this.attemptRing.keep(delivery, outcome, { result, attempt, now })) this.#attemptsPassedOver++;
  }

  /** A delivery is dead that no attempt was made at. */
  buried({ request }: Delivery): void {
    const hook = this.#hooks.get(request.hook);
    if (hook !== undefined) hook.dead++;
  }

  /** True if the change that is being handled should be handed to `changed`. */
  takesChange(): boolean {
    if (this.#changes.take(Date.now())) return true;
    this.#changesPassedOver++;
    return false;
  }

  /** A change was handled. @param made what was made of it */
  changed(change: Change, traced: TracedTable, made: readonly MadeOf[]): void {
    if (!this.#changeRing.keep(change, traced, made)) this.#changesPassedOver++;
  }

  changes({ table, operation, limit }: ChangeQuery): ChangeList {
    const name = table === undefined || table.includes('.') ? table : `public.${table}`;
    const serials = this.#changeRing.find({ table: name, kind: operation });
    const changes: ChangeReport[] = [];
    for (const serial of serials) {
      if (changes.length >= limit) break;
      const report = this.#report(serial);
      if (report !== null) changes.push(report);
    }
    return { changes, kept: this.#changeRing.kept, passed_over: this.#changesPassedOver };
  }

  change(place: string): ChangeReport | null {
    const serial = this.#serialOf(place);
    return serial === null ? null : this.#report(serial);
  }

  /** The change itself, as it was handled, to be evaluated again. A copy, which stays valid. Null as with `change`. */
  heldChange(place: string): Change | null {
    const serial = this.#serialOf(place);
    return serial === null ? null : (this.#changeRing.get(serial)?.change ?? null);
  }

  /** The place of the change that a delivery was made of; null if it is not in memory any more. @param id webhook-id */
  placeOf(id: string): string | null {
    const parsed = parseId(id);
    if (parsed === null) return null;
    const serial = this.#changeRing.findPlace(parsed, (found) => this.#changeRing.get(found)?.deliveries.some((made) => made.id === id) === true);
    return serial === null ? null : (this.#report(serial)?.place ?? null);
  }

  async attempts(id: string): Promise<readonly AttemptReport[]> {
    const here = this.attemptRing.ofDelivery(id).flatMap((serial) => this.attemptRing.get(serial) ?? []).map(attemptReport);
    const stored = (await this.#store?.attempts(id)) ?? [];
    // What is in both was written with the same time.
    const all = new Map([...stored, ...here].map((report) => [`${report.at} ${report.endpoint} ${report.attempt}`, report]));
    return [...all.values()].toSorted((a, b) => a.at.localeCompare(b.at));
  }

  watch(filter: LiveFilter, onEvent: (event: LiveEvent) => void, signal: AbortSignal): void {
    this.#live.watch(filter, onEvent, signal);
  }

  rates(): TrafficRates {
    const now = Date.now();
    this.#turn(now);
    const part = Math.min(1, Math.max(0, (now - this.#minute) / MINUTE));
    return {
      since: this.#since.toISOString(),
      endpoints: [...this.#endpoints.values()].map((endpoint) => endpoint.rates(part)),
      hooks: [...this.#hooks.values()].map(({ name, events, matched, deliveries, delivered, dead }) => ({ name, events, matched, deliveries, delivered, dead })),
    };
  }

  #turn(now: number): void {
    const minutes = Math.floor((now - this.#minute) / MINUTE);
    if (minutes <= 0) return;
    for (const endpoint of this.#endpoints.values()) endpoint.turn(minutes);
    this.#minute += minutes * MINUTE;
  }

  #serialOf(place: string): number | null {
    const parsed = parsePlace(place);
    return parsed === null ? null : this.#changeRing.findPlace(parsed, (_serial, oid) => oid === parsed.oid);
  }

  #report(serial: number): ChangeReport | null {
    const kept = this.#changeRing.get(serial);
    return kept === null ? null : changeReport(kept);
  }

  #liveChange(serial: number): LiveEvent | null {
    const change = this.#report(serial);
    return change === null ? null : { type: 'change', change };
  }

  #liveAttempt(serial: number): LiveEvent | null {
    const kept = this.attemptRing.get(serial);
    return kept === null ? null : { type: 'attempt', attempt: liveAttempt(kept) };
  }
}

function liveAttempt(kept: KeptAttempt): LiveAttempt {
  const { id, hook, table, operation, committedAt } = kept;
  return { ...attemptReport(kept), id, hook, table, operation, committed_at: new Date(committedAt).toISOString() };
}

function have<T>(all: Map<string, T>, name: string, make: (name: string) => T): T {
  const there = all.get(name);
  if (there !== undefined) return there;
  const made = make(name);
  all.set(name, made);
  return made;
}

function keepOnly(all: Map<string, unknown>, names: readonly string[]): void {
  for (const name of all.keys()) if (!names.includes(name)) all.delete(name);
}
