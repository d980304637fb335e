import { type Change, commitTime, type LiveTable, type Relation, type Transaction } from './change.ts';
import type { Tracker } from './checkpoint/tracker.ts';
import type { Codecs } from './codec.ts';
import type { Config, HookConfig, TableConfig } from './config.ts';
import type { ConfiguredTables } from './configured-tables.ts';
import type { ChangeSink } from './decode/sink.ts';
import { type Delivery, type RequestShape, NO_HEADERS } from './delivery.ts';
import { WalhookError } from './errors.ts';
import { EventReader } from './event/event-reader.ts';
import { watchTable } from './event/watched-table.ts';
import type { Event } from './event.ts';
import { EventBody } from './format/event-body.ts';
import { eventId, idPrefix, idTag } from './format/event-id.ts';
import { type Lsn, NO_LSN } from './lsn.ts';
import { covers, type Position } from './position.ts';
import type { EndpointQueue } from './queue/endpoint-queue.ts';
import type { Failure } from './queue/port.ts';
import type { EvaluationFailure } from './expression/expression.ts';
import { HookRoute } from './route/hook-route.ts';

/** Within a transaction, a position is marked after so many changes. */
const MARK_EVERY = 1_000;
/** What a delivery takes in memory besides its body, in bytes: an estimate. */
const OVERHEAD = 512;

/** What the pipeline needs of an endpoint's queue. */
export type DeliveryQueue = Pick<EndpointQueue, 'offer' | 'bury'>;

export interface PipelineOptions {
  readonly config: Config;
  readonly tables: ConfiguredTables;
  /** The cluster's system identifier: part of what makes an id unique. */
  readonly systemId: string;
  /** The timeline that the WAL at an LSN belongs to. */
  readonly timelineAt: (lsn: Lsn) => number;
  readonly codecs: Codecs;
  /** Loads what must be known of a relation before its changes can be read, and tells how the table is now. `table`: the configured one that it is. */
  readonly describe: (relation: Relation, table: TableConfig) => Promise<LiveTable>;
  readonly queues: ReadonlyMap<string, DeliveryQueue>;
  readonly tracker: Tracker;
  /** Up to here everything was handled by an earlier run. */
  readonly start: Position;
  /** The stream has been read up to an LSN. */
  readonly onProgress: (lsn: Lsn) => void;
}

/** A hook's way for one table: its filter, its bodies and where they go. */
interface Route {
  readonly hook: HookRoute;
  readonly body: EventBody;
  readonly tag: string;
  readonly targets: readonly { readonly queue: DeliveryQueue; readonly request: RequestShape }[];
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
  /** Readers of the watched relations, by OID. */
  readonly #readers = new Map<number, EventReader>();
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
  readonly #made: Made[] = [];

  constructor(options: PipelineOptions) {
    this.#options = options;
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
    this.#handled = handledOf(this.#resume, transaction);
    this.#idPrefix = idPrefix(transaction, this.#options.timelineAt(transaction.commitLsn));
    this.#committedAt = commitTime(transaction);
    this.#endedAt = null;
  }

  async relation(relation: Relation): Promise<void> {
    const { config, codecs, describe, systemId, tables } = this.#options;
    const watched = tables.of(relation, this.#transaction?.commitLsn ?? NO_LSN);
    const hooks = config.hooks.filter((hook) => hook.schema === watched?.schema && hook.table === watched.table);
    if (watched === null || hooks.length === 0) {
      this.#readers.delete(relation.oid);
      return;
    }
    const plan = watchTable(relation, watched, await describe(relation, watched));
    const bodies = new Map<string, EventBody>();
    const routes = hooks.map((hook): Route => {
      const shape = bodyShape(hook);
      const body = bodies.get(shape) ?? new EventBody(plan, hook, codecs);
      bodies.set(shape, body);
      return {
        hook: new HookRoute(hook, plan, codecs),
        body,
        tag: idTag(systemId, relation.oid, hook.name),
        targets: hook.to.map((endpoint) => this.#target(hook, endpoint)),
      };
    });
    this.#readers.set(relation.oid, new EventReader(plan, (event) => this.#route(event, routes)));
  }

  change(change: Change): void {
    if (change.ordinal > this.#handled) this.#handle(change);
    // Only now: if a value could not be read, the next connection brings the change again.
    this.#ordinal = change.ordinal;
    if (change.ordinal > this.#handled && change.ordinal % MARK_EVERY === 0) this.#options.tracker.mark(this.received);
  }

  /** Nobody asks for logical messages yet, but each has its place in the transaction. */
  message(message: { readonly ordinal: number }): void {
    if (message.ordinal > 0) this.#ordinal = message.ordinal;
  }

  commit(_transaction: Transaction, endLsn: Lsn): void {
    this.#transaction = null;
    this.#handled = 0;
    this.#reached(endLsn);
  }

  /** All that was committed before `lsn` has been received. */
  keepalive(lsn: Lsn): void {
    if (this.#transaction !== null) return;
    this.#endedAt = Date.now();
    this.#reached(lsn);
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
    this.#made.length = 0;
    this.#readers.get(change.relation.oid)?.read(change);
    for (const { queue, delivery, failure } of this.#made) {
      if (failure === null) queue.offer(delivery);
      else queue.bury(delivery, failure);
    }
  }

  #route(event: Event, routes: readonly Route[]): void {
    const { ordinal, tableOrdinal, transaction, relation } = event.change;
    for (const route of routes) {
      const id = eventId(this.#idPrefix, tableOrdinal, event.operation, route.tag);
      const verdict = route.hook.wants(event, id);
      if (verdict === false) continue;
      const body = route.body.build(event);
      const lane = route.hook.lane.of(event);
      const failure = verdict === true ? null : expressionFailure(verdict);
      for (const { queue, request } of route.targets) {
        const delivery: Delivery = {
          id,
          request,
          lane,
          sequence: { commitLsn: transaction.commitLsn, ordinal, nth: this.#made.length },
          operation: event.operation,
          table: `${relation.schema}.${relation.table}`,
          body,
          bytes: body.length + OVERHEAD,
          committedAt: this.#committedAt,
        };
        this.#made.push({ queue, delivery, failure });
      }
    }
  }

  #target(hook: HookConfig, name: string): Route['targets'][number] {
    const queue = this.#options.queues.get(name);
    if (!queue) throw new WalhookError(`hook ${hook.name}: no endpoint ${name}`, { code: 'no_endpoint' });
    return {
      queue,
      request: {
        hook: hook.name,
        endpoint: name,
        method: hook.method?.join('') ?? null,
        path: null,
        contentType: 'application/json',
        headers: NO_HEADERS,
      },
    };
  }
}

/** How many changes of a transaction were handled before, all of them as Infinity. */
function handledOf(resume: Position, transaction: Transaction): number {
  const { commitLsn } = transaction;
  if (covers(resume, commitLsn, Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
  return resume.within?.commitLsn === commitLsn ? resume.within.ordinal : 0;
}

/** Hooks whose shapes are equal share their bodies. */
function bodyShape(hook: HookConfig): string {
  const { fields, meta, large_numbers } = hook;
  return JSON.stringify([fields.only, fields.omit, [...fields.rename], [...fields.set], fields.omit_null, meta, large_numbers]);
}

function expressionFailure(failure: EvaluationFailure): Failure {
  return { failure: 'expression', status: null, message: `\`when\` failed: ${failure.message}`, response: '' };
}
