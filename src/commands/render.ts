import type pg from 'pg';
import { didYouMean } from '../closest.ts';
import type { Config, EndpointConfig, HookConfig } from '../config.ts';
import { type CurrentEvents, currentEvents } from '../current-events.ts';
import { CatalogCodecs } from '../decode/codecs.ts';
import { TypeCatalog } from '../decode/type-catalog.ts';
import type { Delivery } from '../delivery.ts';
import { Enriching } from '../enriching.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { foundAt } from '../event/row-events.ts';
import { parseLsn } from '../lsn.ts';
import { tableName } from '../source/quote.ts';
import { ReadOnlyDatabase } from '../source/read-only-database.ts';
import type { OptionValues, Verb } from './command.ts';
import { readConfig } from './read-config.ts';
import { type RowOperation, shownEvent, type ShownEvent } from './render-event.ts';
import { exampleId, Rendering } from './render-requests.ts';
import { readRow, rowBefore, type TextRow } from './render-row.ts';
import { renderCurl, type RenderReport, renderText } from './render-text.ts';
import { verdictOn } from './render-verdict.ts';
import { composeOnce, readData, sendOnce } from './send.ts';
import { named } from './send-request.ts';
import { paint } from './terminal.ts';
import { withSource } from './with-source.ts';

/** `walhook render HOOK`: the request that a hook makes of a row. */
export const render: Verb = async ({ arguments: [name = ''], options }) => {
  const config = readConfig(options.config);
  const hook = named('hook', config.hooks, name, 'render');
  const asked = { ...options, ...(options.old === undefined ? {} : { old: readData('--old', options.old) }) };
  const operation = operationOf(hook, asked);
  const endpoints = endpointsOf(config, hook, options.endpoint);
  if (options.curl === true && (options.json === true || options.send === true)) throw usage('--curl goes neither with --json nor with --send');

  const { deliveries, report } = await withSource(config, 'render a row', async (client) => {
    const database = new ReadOnlyDatabase(config.source.url);
    try {
      return await rendered({ config, hook, endpoints, operation, options: asked, client, database });
    } finally {
      await database.close();
    }
  });
  const requests = await inTurn(deliveries, async ({ endpoint, delivery }) =>
    options.send === true ? sendOnce(endpoint, delivery, []) : { endpoint: endpoint.name, request: await composeOnce(endpoint, delivery) },
  );
  const whole: RenderReport = { ...report, requests };
  process.stdout.write(options.json === true ? `${JSON.stringify(whole, null, 2)}\n` : options.curl === true ? renderCurl(whole) : renderText(whole, paint));
  return requests.every((one) => !('verdict' in one) || one.verdict === 'delivered') ? EXIT.ok : EXIT.failure;
};

interface Wanted {
  readonly config: Config;
  readonly hook: HookConfig;
  readonly endpoints: readonly EndpointConfig[];
  readonly operation: RowOperation | null;
  readonly options: OptionValues;
  /** For the catalog. */
  readonly client: pg.Client;
  /** For rows. */
  readonly database: ReadOnlyDatabase;
}

interface Rendered {
  readonly deliveries: readonly { readonly endpoint: EndpointConfig; readonly delivery: Delivery }[];
  readonly report: Omit<RenderReport, 'requests'>;
}

async function rendered({ config, hook, endpoints, operation, options, client, database }: Wanted): Promise<Rendered> {
  const current = await tableOf(config, hook, database);
  const row = await readRow(current, options.key ?? []);
  const before = options.old === undefined ? null : await rowBefore(current, row, { json: options.old, database });
  const { database: source, lsn } = await whereabouts(database);
  const transaction = foundAt(Date.now(), parseLsn(lsn));
  const tuple = (values: TextRow) => current.event(values, transaction).row;
  const now = tuple(row);
  if (now === null) throw new Error('a row has values');
  const shown = shownEvent(current.table, { operation, row: now, old: before === null ? null : tuple(before), transaction });

  const { table } = current;
  const origin = { database: source, slot: config.source.slot };
  const codecs = await codecsOf(current, client);
  const id = exampleId();
  const verdict = verdictOn({ event: shown.event, id }, hook, { table, codecs });
  const rendering = new Rendering({ hook, table, codecs, origin, enriching: new Enriching({ config, origin, pool: client, database }) });
  const deliveries = await inTurn(endpoints, async (endpoint) => ({ endpoint, delivery: await rendering.delivery(shown.event, id, endpoint) }));
  return {
    deliveries,
    report: {
      hook: hook.name,
      table: table.name,
      key: keyShown(current, row, shown),
      operation: shown.event.operation,
      wanted: verdict.wanted,
      when: verdict.when,
      notes: [...shown.notes, ...verdict.notes],
    },
  };
}

async function tableOf(config: Config, hook: HookConfig, database: ReadOnlyDatabase): Promise<CurrentEvents> {
  const table = config.tables.find((one) => one.schema === hook.schema && one.table === hook.table);
  const current = table === undefined ? null : await currentEvents(database, config, table);
  if (current !== null) return current;
  throw new WalhookError(`there is no table ${tableName(hook)}`, { code: 'no_table', hint: 'walhook check', exit: EXIT.checkFailed });
}

async function codecsOf({ table }: CurrentEvents, client: pg.Client): Promise<CatalogCodecs> {
  const catalog = new TypeCatalog(async (sql, params) => (await client.query<Record<string, unknown>>(sql, [...params])).rows);
  await catalog.load(table.relation.columns.map(({ typeOid }) => typeOid));
  return new CatalogCodecs(catalog);
}

/** The database's name, and the end of its WAL. */
async function whereabouts(database: ReadOnlyDatabase): Promise<{ readonly database: string; readonly lsn: string }> {
  const text = 'select current_database(), case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end';
  const [row] = await database.run({ text, values: [] }, 10_000);
  return { database: row?.[0] ?? '', lsn: row?.[1] ?? '0/0' };
}

function keyShown(current: CurrentEvents, row: TextRow, { event }: ShownEvent): Record<string, string | null> {
  const values = current.keyOf(row);
  const { columns } = current.table.relation;
  return Object.fromEntries(
    current.key.flatMap((name, index) => {
      const column = columns.findIndex((one) => one.name === name);
      return event.hidden?.[column] === 1 ? [] : [[name, values[index] ?? null]];
    }),
  );
}

/** Without `--operation`: an update if there is a row before, else the first that the hook takes. Null: whichever update it is. */
function operationOf({ name, events }: HookConfig, { operation, old }: OptionValues): RowOperation | null {
  const asked = (operation as RowOperation | undefined) ?? null;
  if (old !== undefined && (asked === 'insert' || asked === 'delete')) throw usage(`--old is the row before an update, and --operation says ${asked}`);
  if (asked !== null) return asked;
  if (old !== undefined) return null;
  const first = (['insert', 'update', 'visibility_update', 'delete'] as const).find((kind) => events.includes(kind));
  if (first === undefined) throw usage(`hook ${name} takes no events of rows`);
  return first;
}

function endpointsOf({ endpoints }: Config, { name, to }: HookConfig, only: string | undefined): EndpointConfig[] {
  if (only !== undefined && !to.includes(only)) throw usage(`hook ${name} does not go to ${only}, but to ${to.join(', ')}${didYouMean(only, to)}`);
  return to.filter((one) => only === undefined || one === only).flatMap((one) => endpoints.find((endpoint) => endpoint.name === one) ?? []);
}

async function inTurn<T, U>(all: readonly T[], work: (one: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (const one of all) results.push(await work(one));
  return results;
}

function usage(message: string): WalhookError {
  return new WalhookError(message, { code: 'usage', hint: 'walhook render --help', exit: EXIT.usage });
}
