import type { LiveTable } from '../../src/change.ts';
import type { Codecs } from '../../src/codec.ts';
import type { HookConfig, TableConfig } from '../../src/config.ts';
import { CatalogCodecs } from '../../src/decode/codecs.ts';
import { PgoutputDecoder } from '../../src/decode/pgoutput.ts';
import type { ChangeSink } from '../../src/decode/sink.ts';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { EventReader } from '../../src/event/event-reader.ts';
import { watchTable } from '../../src/event/watched-table.ts';
import type { Event, Operation } from '../../src/event.ts';
import type { Headers } from '../../src/delivery.ts';
import { bodyOf } from '../../src/format/body-of.ts';
import type { Body } from '../../src/format/body.ts';
import type { Origin } from '../../src/format/origin.ts';
import type { Lsn } from '../../src/lsn.ts';
import { begin, relation, type TableShape } from './pgoutput.ts';

/** The webhook-id of what `tell` tells, and where it says that it comes from. */
export const EVENT_ID = '0000000000000001-1-i-0123456789abcdef';
export const ORIGIN: Origin = { database: 'shop', slot: 'walhook' };

/** Built-in types, without a database. */
export const builtinCodecs: Codecs = new CatalogCodecs(new TypeCatalog(() => Promise.resolve([])));

export function tableConfig(shape: TableShape, changes: Partial<TableConfig> = {}): TableConfig {
  return {
    schema: shape.schema,
    table: shape.table,
    key: null,
    lookup: [],
    visibility: null,
    replica_identity: null,
    redacted: '<<REDACTED>>',
    ...changes,
  };
}

export function hookConfig(shape: TableShape, changes: Partial<Omit<HookConfig, 'fields'>> & { readonly fields?: Partial<HookConfig['fields']> } = {}): HookConfig {
  const { fields, ...others } = changes;
  return {
    name: `${shape.table}-hook`,
    schema: shape.schema,
    table: shape.table,
    to: ['crm'],
    events: ['insert', 'update', 'visibility_update', 'delete'],
    changed: null,
    when: null,
    entering: false,
    order_by: null,
    fields: { only: null, omit: [], rename: new Map(), set: new Map(), omit_null: false, ...fields },
    meta: [],
    large_numbers: 'number',
    method: null,
    body: null,
    omit_null: false,
    format: 'event',
    encoding: null,
    path: null,
    headers: new Map(),
    enrich: new Map(),
    schedule: null,
    cooldown: null,
    backfill: null,
    ...others,
  };
}

/** The table as it is now: as its shape. */
export function live(shape: TableShape, primaryKey: readonly string[] = ['user_id']): LiveTable {
  return { primaryKey, columns: shape.columns.map(({ name }) => name) };
}

export interface Told {
  readonly operation: Operation;
  readonly text: string;
  readonly contentType: string;
  readonly headers: Headers;
  /** Parsed, for expectations. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface TellOptions {
  readonly shape: TableShape;
  readonly table?: Partial<TableConfig>;
  readonly hook?: Parameters<typeof hookConfig>[1];
  /** Default: `user_id`. */
  readonly primaryKey?: readonly string[];
  /** How the table is now. Default: as `shape` says. */
  readonly live?: Partial<LiveTable>;
  readonly commitLsn?: Lsn;
  readonly committedAt?: bigint;
  readonly codecs?: Codecs;
}

/** What a receiver is told of some changes, which are pgoutput messages of one transaction. */
export function tell(options: TellOptions, ...changes: readonly Buffer[]): Told[] {
  const told: Told[] = [];
  let body: Body;
  readEvents(
    options,
    (event) => {
      const text = body.build(event, EVENT_ID);
      const headers = body.headers?.(event, EVENT_ID) ?? [];
      told.push({ operation: event.operation, text, contentType: body.contentType, headers, body: JSON.parse(text) });
    },
    changes,
    (built) => (body = built),
  );
  return told;
}

/** Calls back with the events of some changes. */
export function readEvents(
  options: TellOptions,
  onEvent: (event: Event) => void,
  changes: readonly Buffer[],
  onBody: (body: Body) => void = () => undefined,
): void {
  const { shape, codecs = builtinCodecs } = options;
  let reader: EventReader;
  const sink: ChangeSink = {
    begin: () => undefined,
    relation: (described) => {
      const plan = watchTable(described, tableConfig(shape, options.table), { ...live(shape, options.primaryKey), ...options.live });
      onBody(bodyOf({ table: plan, hook: hookConfig(shape, options.hook), codecs, source: ORIGIN }));
      reader = new EventReader(plan, onEvent);
    },
    change: (change) => reader.read(change),
    message: () => undefined,
    commit: () => undefined,
  };
  const decoder = new PgoutputDecoder(sink);
  const start = begin({ commitLsn: options.commitLsn ?? 1n, ...(options.committedAt === undefined ? {} : { committedAt: options.committedAt }) });
  for (const bytes of [start, relation(shape), ...changes]) void decoder.decode(bytes);
}
