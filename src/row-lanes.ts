import type { Config } from './config.ts';
import { currentEvents } from './current-events.ts';
import { scheduledLane } from './delivery.ts';
import { EXIT, WalhookError } from './errors.ts';
import { foundAt } from './event/row-events.ts';
import type { HookLane } from './kept-attempts.ts';
import { NO_LSN } from './lsn.ts';
import { safeMessage } from './reaction.ts';
import { Lane } from './route/lane.ts';
import { RowHash } from './route/row-hash.ts';
import type { RowsDatabase } from './source/current-rows.ts';

export interface RowLanesOptions {
  readonly config: Config;
  /** Where the row is read: the source. */
  readonly database: RowsDatabase;
}

/**
 * The lanes that deliveries of a row are in, of all hooks of its table. For a hook with `order_by` that of the row as it is now; none
 * if the row is gone, or the hook keeps no order.
 *
 * @param name `schema.table`, or a table of schema public
 * @param key the text of each column of the table's key
 * @throws WalhookError `unknown_table`, `bad_key`; `source_is_kafka` where there is no database to look at
 */
export async function rowLanes({ config, database }: RowLanesOptions, name: string, key: Readonly<Record<string, string>>): Promise<HookLane[]> {
  if (config.source.kafka !== null) throw new WalhookError('a row cannot be looked for: the source is Kafka, and has none', { code: 'source_is_kafka', hint: 'choose by id, endpoint, hook, table or time', exit: EXIT.usage });
  const full = name.includes('.') ? name : `public.${name}`;
  const table = config.tables.find((one) => `${one.schema}.${one.table}` === full);
  const rows = table === undefined ? null : await currentEvents(database, config, table);
  if (rows === null) throw new WalhookError(`there is no table ${full} that is watched`, { code: 'unknown_table', exit: EXIT.usage });
  const wanted = rows.key.map((column) => key[column]);
  if (rows.key.length === 0 || wanted.includes(undefined) || Object.keys(key).length !== rows.key.length) {
    throw new WalhookError(`a row of ${full} is told by ${rows.key.length === 0 ? 'nothing: it has no key' : `its key alone, all of it: ${rows.key.join(', ')}`}`, { code: 'bad_key', exit: EXIT.usage });
  }
  const values = wanted.map((value) => value ?? null);
  const [row = null] = await rows.byKeys([values]).catch((error: unknown) => {
    throw new WalhookError(`the row of ${full} cannot be looked for: ${safeMessage(error)}`, { code: 'bad_key', exit: EXIT.usage });
  });
  const { relation } = rows.table;
  // Of a row that is gone, the key as it was given.
  const event = rows.event(row ?? relation.columns.map(({ name: column }) => key[column] ?? null), foundAt(0, NO_LSN));
  const places = (columns: readonly string[]): number[] => columns.map((column) => relation.columns.findIndex((one) => one.name === column)).filter((place) => place >= 0);
  return config.hooks
    .filter((hook) => `${hook.schema}.${hook.table}` === full)
    .flatMap((hook): HookLane[] => {
      if (hook.schedule !== null) return [{ hook: hook.name, lane: scheduledLane(hook.name, new RowHash(relation.oid, rows.table.key).of(event)) }];
      if (hook.order_by === null) return [{ hook: hook.name, lane: new Lane(relation.oid, rows.table.key).of(event) }];
      return hook.order_by.length === 0 || row === null ? [] : [{ hook: hook.name, lane: new Lane(relation.oid, places(hook.order_by)).of(event) }];
    });
}
