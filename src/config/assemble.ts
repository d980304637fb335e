import type { Config, EndpointConfig, HookConfig, TableConfig } from '../config.ts';
import { concealConfig } from './conceal-config.ts';
import { parseTableName, type TableName } from './names.ts';
import { type Loaded, type LoadedEndpoint, type LoadedHook, type LoadedTable, tableOptions } from './schema.ts';

/** What the schema read → the frozen Config. */
export function assemble(loaded: Loaded): Config {
  const hooks = loaded.hooks.map(hookConfig);
  const config: Config = {
    source: { ...loaded.source, url: loaded.source.url ?? null },
    state: { ...loaded.state, url: loaded.state.url ?? null, encryption: loaded.state.encryption ?? null },
    server: { ...loaded.server.listen, token: loaded.server.token ?? null },
    limits: loaded.limits,
    tables: watchedTables(loaded, hooks),
    endpoints: [...loaded.endpoints].map(([name, endpoint]) => endpointConfig(name, endpoint)),
    hooks,
    notify: loaded.notify,
    history: loaded.history ?? null,
    dead_letters: { keep: loaded.dead_letters.keep ?? null, most: loaded.dead_letters.most ?? null },
    tracing: loaded.tracing === undefined ? null : { ...loaded.tracing, column: loaded.tracing.column ?? null },
  };
  return freeze(concealConfig(config));
}

/** The tables of the file, then those that only hooks name. */
function watchedTables(loaded: Loaded, hooks: readonly HookConfig[]): TableConfig[] {
  const tables = [...loaded.tables].flatMap(([text, table]) => {
    const name = parseTableName(text);
    return name === null ? [] : [tableConfig(name, table)];
  });
  for (const { schema, table } of hooks) {
    const known = tables.some((one) => one.schema === schema && one.table === table);
    if (!known) tables.push(tableConfig({ schema, table }, tableOptions.parse({})));
  }
  return tables;
}

function tableConfig({ schema, table }: TableName, options: LoadedTable): TableConfig {
  return {
    schema,
    table,
    key: options.key ?? null,
    lookup: options.lookup,
    visibility: options.visibility ?? null,
    replica_identity: options.replica_identity ?? null,
    redacted: options.redacted,
  };
}

function endpointConfig(name: string, endpoint: LoadedEndpoint): EndpointConfig {
  return {
    name,
    ...endpoint,
    signing: endpoint.signing ?? null,
    rate: endpoint.rate ?? null,
    batch: endpoint.batch ?? null,
    disable_after: endpoint.disable_after ?? null,
    tls: { ca: endpoint.tls.ca ?? null, cert: endpoint.tls.cert ?? null, key: endpoint.tls.key ?? null },
    oauth2: endpoint.oauth2 === undefined ? null : { ...endpoint.oauth2, scope: endpoint.oauth2.scope ?? null, audience: endpoint.oauth2.audience ?? null },
  };
}

function hookConfig({ table: name, ...hook }: LoadedHook): HookConfig {
  return {
    ...hook,
    ...name,
    changed: hook.changed ?? null,
    when: hook.when ?? null,
    order_by: hook.order_by ?? null,
    fields: { ...hook.fields, only: hook.fields.only ?? null },
    body: hook.body ?? null,
    encoding: hook.encoding ?? null,
    method: hook.method ?? null,
    path: hook.path ?? null,
    enrich: new Map([...hook.enrich].map(([key, lookup]) => [key, { ...lookup, cache: lookup.cache ?? null }])),
    // A deleted row is none that could be sent later.
    events: hook.schedule === undefined ? hook.events : hook.events.filter((event) => event !== 'delete'),
    schedule: hook.schedule ?? null,
    cooldown: hook.cooldown ?? null,
    backfill: hook.backfill ?? null,
  };
}

/** Freezes plain objects and lists, all the way down. Maps and URLs are read-only by type alone. */
function freeze<T>(value: T): T {
  const plain = Array.isArray(value) || (typeof value === 'object' && value !== null && value.constructor === Object);
  if (plain) for (const inner of Object.values(Object.freeze(value))) freeze(inner);
  return value;
}
