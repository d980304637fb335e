import { type Change, commitTime, type LiveTable, type Relation, type Transaction, type Tuple } from './change.ts';
import type { StreamWindows } from './backfill/stream-windows.ts';
import { Touches } from './backfill/touches.ts';
import type { Tracker } from './checkpoint/tracker.ts';
import type { Codecs } from './codec.ts';
import type { Config, TableConfig } from './config.ts';
import type { ConfiguredTables } from './configured-tables.ts';
import type { ChangeSink, LogicalMessage } from './decode/sink.ts';
import { bytesInMemory, type Delivery, type RequestShape } from './delivery.ts';
import { EventReader } from './event/event-reader.ts';
import { type TablePlan, watchTable } from './event/watched-table.ts';
import type { ColumnSet, Event } from './event.ts';
import type { EvaluationFailure, Values } from './expression/expression.ts';
import { eventId, idPrefix } from './format/event-id.ts';
import type { MadeRequest } from './format/hook-requests.ts';
import type { Origin } from './format/origin.ts';
import type { MadeOf, TracedTable } from './history/change-ring.ts';
import type { History } from './history/history.ts';
import { TableTally } from './history/tallies.ts';
import { byOperation, type DeliveryQueue, hookRoutes, type Route } from './hook-routes.ts';
import { type Lsn, NO_LSN } from './lsn.ts';
import { handledWithin, type Position } from './position.ts';
import type { Failure, Held } from './queue/port.ts';
import { rowKey } from './route/row-key.ts';
import { MARK_PREFIX } from './source/chunk-reader.ts';
import { ChangeTrace } from './tracing/change-trace.ts';

/** Within a transaction, a position is marked after so many changes. */
const MARK_EVERY = 1_000;
/** What `enrich` finds is for those hooks alone that have it: they make drafts. */
const NO_LOOKUPS: Values | null = null;

export interface PipelineOptions {
  readonly config: Config;
  readonly tables: ConfiguredTables;
  /** The cluster's system identifier: part of what makes an id unique. */
  readonly systemId: string;
  /** What some formats tell of where events come from. */
  readonly origin: Origin;
  /** The timeline that the WAL at an LSN belongs to. */
  readonly timelineAt: (lsn: Lsn) => number;
  readonly codecs: Codecs;
  /** Loads what must be known of a relation before its changes can be read, and tells how the table is now. `table`: the configured one that it is. */
  readonly describe: (relation: Relation, table: TableConfig) => Promise<LiveTable>;
  readonly queues: ReadonlyMap<string, DeliveryQueue>;
  /** Stores what is to be sent later. */
  readonly hold: (held: Held) => void;
  readonly tracker: Pick<Tracker<Position>, 'mark'>;
  /** Chunks of tables that are being read beside the stream. */
  readonly windows: StreamWindows;
  /** Up to here everything was handled by an earlier run. */
  readonly start: Position;
  /** Told of each change before anything is made of it; null if nobody wants to know. */
  readonly onChange: ((relation: Relation) => void) | null;
  /** The stream has been read up to an LSN. */
  readonly onProgress: (lsn: Lsn) => void;
  /** What goes by is counted there, and some of it kept. Default: nowhere. */
  readonly history?: Pick<History, 'hook' | 'table' | 'takesChange' | 'changed'> | null;
}

/** A watched relation: how its changes are read, and what is told of them. */
interface Watched {
  readonly reader: EventReader;
  readonly traced: TracedTable;
  readonly tally: TableTally;
}

interface Made {
  readonly queue: DeliveryQueue;
  readonly delivery: Delivery;
  /** Why it cannot be sent; null if it can. */
  readonly failure: Failure | null;
}

/**
 * Stages 3 to 6 in a row, for each change as it is decoded: change → events → routes → bodies → queues. All of it is
 * synchronous, so that a change's bytes need not be kept.
 */
export class Pipeline implements ChangeSink {
  readonly #options: PipelineOptions;
  /** By OID. */
  readonly #watched = new Map<number, Watched>();
  /** Those that `relationAs` has seen. */
  readonly #versions = new WeakMap<Relation, Watched>();
  readonly #touches: Touches;
  /** Null: nothing is traced. */
  readonly #trace: ChangeTrace | null;
  /** The last LSN at which no transaction was open, and, within a transaction, the ordinal of its last change. */
  #lsn: Lsn;
  #transaction: Transaction | null = null;
  #ordinal = 0;
  /** Changes of the transaction up to this ordinal were handled before the connection, or the process, broke. */
  #handled = 0;
  #resume: Position;
  // Made once for each transaction.
  #idPrefix = '';
  #committedAt = 0;
  /** When the end of the WAL was last reached, in Unix milliseconds; null while more is being read. */
  #endedAt: number | null = null;
  /** The deliveries of the current change: they are handed on once all of them are made, or none is. */
  readonly #made: (Made | null)[] = [];
  #count = 0;
  readonly #held: Held[] = [];

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#touches = new Touches(options.windows);
    this.#trace = options.config.tracing === null ? null : new ChangeTrace(options.config.tracing);
    this.#lsn = options.start.lsn;
    this.#resume = options.start;
  }

  /** How far the stream has been read: where the next connection goes on. */
  get received(): Position {
    const transaction = this.#transaction;
    // Of a transaction that was handled as a whole before, nothing needs to be remembered.
    if (transaction === null || this.#handled === Number.POSITIVE_INFINITY) return { lsn: this.#lsn, within: this.#resume.within };
    const ordinal = Math.max(this.#ordinal, this.#handled);
    return { lsn: this.#lsn, within: { commitLsn: transaction.commitLsn, ordinal } };
  }

  /** Up to when commits have been read, in Unix milliseconds: the time of the last one, or of the moment when there was none left. */
  get readUpTo(): { readonly at: number; readonly isEnd: boolean } {
    return { at: this.#endedAt ?? this.#committedAt, isEnd: this.#endedAt !== null };
  }

  /** A connection is about to begin: what it sends again of what was received is skipped. */
  reconnect(): void {
    this.#resume = this.received;
    this.#transaction = null;
  }

  begin(transaction: Transaction): void {
    this.#transaction = transaction;
    this.#ordinal = 0;
    this.#handled = handledWithin(this.#resume, transaction.commitLsn);
    this.#idPrefix = idPrefix(transaction, this.#options.timelineAt(transaction.commitLsn));
    this.#committedAt = commitTime(transaction);
    this.#endedAt = null;
    this.#trace?.began();
    this.#options.windows.began(transaction.xid);
  }

  async relation(relation: Relation): Promise<void> {
    const table = this.#tableOf(relation);
    if (table === null) this.#watched.delete(relation.oid);
    else this.#watched.set(relation.oid, this.#watch(relation, table, await this.#options.describe(relation, table)));
  }

  /** The same where it is known how the table is now. A relation that was there before costs nothing again. */
  relationAs(relation: Relation, live: LiveTable): void {
    const table = this.#versions.has(relation) ? null : this.#tableOf(relation);
    if (table !== null) this.#versions.set(relation, this.#watch(relation, table, live));
    const watched = this.#versions.get(relation);
    if (watched === undefined) this.#watched.delete(relation.oid);
    else this.#watched.set(relation.oid, watched);
  }

  /** Null if no hook is for it. */
  #tableOf(relation: Relation): TableConfig | null {
    const { config, tables } = this.#options;
    const table = tables.of(relation, this.#transaction?.commitLsn ?? NO_LSN);
    return config.hooks.some((hook) => hook.schema === table?.schema && hook.table === table.table) ? table : null;
  }

  #watch(relation: Relation, watched: TableConfig, live: LiveTable): Watched {
    const { config, history } = this.#options;
    const hooks = config.hooks.filter((hook) => hook.schema === watched.schema && hook.table === watched.table);
    const plan = watchTable(relation, watched, live);
    this.#touches.watch(relation, `${watched.schema}.${watched.table}`, plan.key);
    const routes = hookRoutes(plan, hooks, this.#options);
    // A hook that wants no events of a kind is not even asked.
    const routesOf = byOperation((operation) => routes.filter(({ hook }) => hook.isFor(operation)));
    return {
      reader: new EventReader(plan, (event) => this.#route(event, routesOf[event.operation])),
      traced: { table: plan, hiddenIn: (change, tuple) => hiddenIn(plan, change, tuple) },
      tally: history?.table(plan.name) ?? new TableTally(plan.name),
    };
  }

  change(change: Change): void {
    if (change.ordinal > this.#handled) this.#handle(change);
    // Only now: if a value could not be read, the next connection brings the change again.
    this.#ordinal = change.ordinal;
    if (change.ordinal > this.#handled && change.ordinal % MARK_EVERY === 0) this.#options.tracker.mark(this.received);
  }

  /** Each has its place in the transaction, whoever wrote it. */
  message({ transaction, ordinal, prefix, content }: LogicalMessage): void {
    if (transaction === null) return;
    this.#ordinal = ordinal;
    this.#trace?.message(prefix, content);
    if (prefix === MARK_PREFIX && ordinal > this.#handled) this.#options.windows.message(content.toString(), { commitLsn: transaction.commitLsn, ordinal });
  }

  commit(_transaction: Transaction, endLsn: Lsn): void {
    this.#transaction = null;
    this.#handled = 0;
    this.#reached(endLsn);
    this.#options.windows.reached(endLsn);
  }

  /** All that was committed before `lsn` has been received. */
  keepalive(lsn: Lsn): void {
    if (this.#transaction !== null) return;
    this.#endedAt = Date.now();
    this.#reached(lsn);
    this.#options.windows.reached(lsn);
  }

  #reached(lsn: Lsn): void {
    if (lsn <= this.#lsn) return;
    this.#lsn = lsn;
    // A transaction that was received in part, and is behind us now, needs no memory any more.
    const { within } = this.#resume;
    if (within !== null && within.commitLsn < lsn) this.#resume = { lsn, within: null };
    this.#options.tracker.mark({ lsn, within: this.#resume.within });
    this.#options.onProgress(lsn);
  }

  #handle(change: Change): void {
    // Setting a length, even to what it is, is a call into the runtime.
    this.#count = 0;
    if (this.#held.length > 0) this.#held.length = 0;
    this.#options.onChange?.(change.relation);
    const watched = this.#watched.get(change.relation.oid);
    if (watched !== undefined) this.#read(change, watched);
    if (this.#options.windows.isOpen) this.#touches.touch(change, (hook) => this.#isSentFor(hook));
    for (let nth = 0; nth < this.#count; nth++) {
      const made = this.#made[nth];
      if (!made) continue;
      const { queue, delivery, failure } = made;
      // A body may be large, and the next change may be far away.
      this.#made[nth] = null;
      if (failure === null) queue.offer(delivery);
      else queue.bury(delivery, failure);
    }
    for (const held of this.#held) this.#options.hold(held);
  }

  #read(change: Change, { reader, tally, traced }: Watched): void {
    const { history } = this.#options;
    reader.read(change);
    tally.add(change.kind);
    if (history?.takesChange() === true) history.changed(change, traced, this.#madeOf());
  }

  /** What was made of the current change. */
  #madeOf(): MadeOf[] {
    const made = this.#made.slice(0, this.#count).flatMap((one) => (one === null ? [] : [one.delivery]));
    return [...made.map(({ id, request: { hook, endpoint } }) => ({ id, hook, endpoint })), ...this.#held.map(({ id, hook, endpoint }) => ({ id, hook, endpoint }))];
  }

  /** True if something was made of the current change for the hook. */
  #isSentFor(hook: string): boolean {
    for (let nth = 0; nth < this.#count; nth++) if (this.#made[nth]?.delivery.request.hook === hook) return true;
    return this.#held.some((held) => held.hook === hook);
  }

  #route(event: Event, routes: readonly Route[]): void {
    for (const route of routes) {
      const { hook, tally } = route;
      tally.events++;
      // The id is made only for what is sent, or asks for it.
      const verdict = hook.wants(event, hook.usesId ? this.#id(event, route) : '');
      if (verdict === false) continue;
      tally.matched++;
      this.#deliver(event, route, verdict);
    }
  }

  #deliver(event: Event, route: Route, verdict: true | EvaluationFailure): void {
    const id = this.#id(event, route);
    const lane = route.hook.lane.of(event);
    const row = route.rows?.of(event);
    const trace = this.#trace?.of(event);
    const held = route.due === null || verdict !== true ? null : rowKey(event, event.table);
    if (held !== null && typeof held !== 'string') {
      this.#hold(event, { id, key: held }, route);
      return;
    }
    const failure = held === null ? (verdict === true ? null : expressionFailure(`\`when\` failed: ${verdict.message}`)) : expressionFailure(held);
    route.tally.deliveries += route.targets.length;
    for (const { queue, requests } of route.targets) {
      const made = requests.make(event, id, NO_LOOKUPS);
      const isMade = !('message' in made);
      const delivery = this.#delivery(event, { id, lane, row, trace }, isMade ? made : unrendered(event, id, requests.unrendered));
      this.#made[this.#count] = { queue, delivery, failure: isMade ? failure : (failure ?? expressionFailure(made.message)) };
      this.#count++;
    }
  }

  #id({ change, operation }: Event, { idEnds }: Route): string {
    return eventId(this.#idPrefix, change.tableOrdinal, idEnds[operation]);
  }

  #hold(event: Event, { id, key }: Pick<Held, 'id' | 'key'>, { hook, rows, due }: Route): void {
    if (rows === null || due === null) return;
    const { ordinal, transaction } = event.change;
    const row = rows.of(event);
    const dueAt = due.after(this.#committedAt);
    const { name, to } = hook.hook;
    for (const endpoint of to) this.#held.push({ hook: name, endpoint, row, key, dueAt, id, commitLsn: transaction.commitLsn, ordinal });
  }

  #delivery(event: Event, { id, lane, row, trace }: Pick<Delivery, 'id' | 'lane' | 'row' | 'trace'>, { request, body }: MadeRequest): Delivery {
    const { ordinal, transaction } = event.change;
    return {
      id,
      request,
      lane,
      row,
      trace,
      sequence: { commitLsn: transaction.commitLsn, ordinal, nth: this.#count },
      operation: event.operation,
      table: event.table.name,
      body,
      bytes: bytesInMemory(body, request),
      committedAt: this.#committedAt,
    };
  }
}

function hiddenIn({ relation, visibility }: TablePlan, change: Change, tuple: Tuple): ColumnSet | null {
  if (visibility === null) return null;
  const hidden = new Uint8Array(relation.columns.length);
  return visibility.read(change, tuple, hidden) ? hidden : null;
}

/** What a dead letter keeps of an event whose request could not be made: which it was, and nothing of its row. */
function unrendered({ operation, table }: Event, id: string, request: RequestShape): MadeRequest {
  return { request, body: JSON.stringify({ id, operation, table: table.name }) };
}

function expressionFailure(message: string): Failure {
  return { failure: 'expression', status: null, message, response: '' };
}
