import type { Logger } from 'pino';
import { StreamWindows } from './backfill/stream-windows.ts';
import { commitTime, type Relation } from './change.ts';
import { Tracker } from './checkpoint/tracker.ts';
import type { Config } from './config.ts';
import { ConfiguredTables } from './configured-tables.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import type { Part, ReadRecord } from './engine/port.ts';
import { EXIT, WalhookError } from './errors.ts';
import type { History } from './history/history.ts';
import { hookExpressions } from './hook-expressions.ts';
import type { DeliveryQueue } from './hook-routes.ts';
import { type Lsn, NO_LSN } from './lsn.ts';
import { Pipeline } from './pipeline.ts';
import { START } from './position.ts';
import type { Held } from './queue/port.ts';
import type { RecordStages } from './record-stages.ts';
import { debeziumFormat } from './topic/debezium-record.ts';
import { eventFormat } from './topic/event-record.ts';
import { namedColumns } from './topic/named-columns.ts';
import type { RecordFormat } from './topic/told-change.ts';
import { TopicChanges, type TopicTable } from './topic/topic-changes.ts';
import { UNREADABLE_RECORD } from './topic/unreadable-record.ts';

export interface TopicReadingOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The cluster's id: part of what makes a webhook-id unique. The same after every restart. */
  readonly cluster: string;
  /** By the index that the reader is told: `Assignment.parts`. */
  readonly parts: readonly Part[];
  readonly queues: ReadonlyMap<string, DeliveryQueue>;
  /** Stores what is to be sent later. */
  readonly hold: (held: Held) => void;
  /** See PipelineOptions. */
  readonly history: History | null;
  /** Told of each change; null if nobody wants to know. */
  readonly onChange: ((relation: Relation) => void) | null;
}

/** Stages 2 to 5 where a topic is the source: from records to queues. Made anew for each assignment. */
export class TopicReading implements RecordStages {
  readonly #options: TopicReadingOptions;
  readonly #format: RecordFormat;
  readonly #changes: TopicChanges;
  readonly #pipeline: Pipeline;
  #committedAt = 0;
  #unreadable = 0;

  /** @throws WalhookError `no_key` if the configuration does not say what only it can */
  constructor(options: TopicReadingOptions) {
    const { config, cluster, queues, hold, history, onChange } = options;
    this.#options = options;
    const tables = topicTables(config);
    this.#format = config.source.kafka?.format === 'debezium' ? debeziumFormat(tables.map(({ table }) => table)) : eventFormat(tables.map(({ table }) => table));
    this.#changes = new TopicChanges(tables);
    this.#pipeline = new Pipeline({
      config,
      tables: new ConfiguredTables({ config, found: [], since: NO_LSN, onRenamed: () => undefined }),
      systemId: `kafka ${cluster}`,
      origin: { database: '', slot: config.source.kafka?.group ?? '' },
      timelineAt: () => 1,
      codecs: new CatalogCodecs(new TypeCatalog(askNobody)),
      describe: askNobody,
      queues,
      hold,
      // How far the parts have been read, their offsets tell.
      tracker: new Tracker(START),
      windows: new StreamWindows(),
      start: START,
      onChange,
      onProgress: () => undefined,
      history,
    });
  }

  get committedAt(): number {
    return this.#committedAt;
  }

  /** Records that were passed over since this was made. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Throws only where going on would lose something, and nothing of that record and those after it has been offered. */
  read(part: number, records: readonly ReadRecord[]): Lsn {
    const of = this.#options.parts[part];
    if (of === undefined) throw new RangeError(`no part ${part} is assigned`);
    for (const record of records) this.#take(record, of);
    return NO_LSN;
  }

  #take(record: ReadRecord, { topic, partition }: Part): void {
    const { offset } = record;
    try {
      const told = this.#format(record);
      if (told !== null) this.#change(this.#changes.of(told, { topic, partition, offset }));
    } catch (error) {
      if (!(error instanceof WalhookError) || !PASSED_OVER.has(error.code)) throw error;
      this.#unreadable++;
      const hint = error.hint === null ? {} : { hint: error.hint };
      this.#options.log.error({ topic, partition, offset: String(offset), ...hint }, `a record cannot be read and is passed over: ${error.message}`);
    }
  }

  #change(made: ReturnType<TopicChanges['of']>): void {
    if (made === null) return;
    const { change, live, relation } = made;
    const { transaction } = change;
    this.#pipeline.begin(transaction);
    this.#pipeline.relationAs(relation, live);
    this.#pipeline.change(change);
    this.#pipeline.commit(transaction, NO_LSN);
    this.#committedAt = commitTime(transaction);
  }
}

/** All that is known of a table is in its records. */
function askNobody(): Promise<never> {
  return Promise.reject(new WalhookError('a topic has no database to ask', { code: 'no_database' }));
}

/** Errors of one record: what comes after it can be read all the same. The second is of a value that is not of its type. */
const PASSED_OVER: ReadonlySet<string> = new Set([UNREADABLE_RECORD, 'unreadable_value']);

/** Tables that hooks are for. @throws WalhookError `no_key` */
export function topicTables(config: Config): TopicTable[] {
  return config.tables.flatMap((table) => {
    const expressions = config.hooks.flatMap((hook, index) => (hook.schema === table.schema && hook.table === table.table ? hookExpressions(config, index) : []));
    if (!config.hooks.some((hook) => hook.schema === table.schema && hook.table === table.table)) return [];
    if (table.key === null && config.source.kafka?.format !== 'debezium') {
      const name = `${table.schema}.${table.table}`;
      throw new WalhookError(`table ${name} needs a \`key\`: a topic of events does not tell what identifies a row`, {
        code: 'no_key',
        hint: `in the configuration: tables: { ${name}: { key: [id] } }`,
        exit: EXIT.badConfig,
      });
    }
    return [{ table, named: namedColumns(expressions.map(({ source }) => source)) }];
  });
}
