import type { Config, EndpointConfig, ExpectConfig, HookConfig, KafkaClusterConfig, KafkaEngineConfig, TableConfig, TestConfig } from '../config.ts';
import { concealConfig } from './conceal-config.ts';
import { parseTableName, type TableName } from './names.ts';
import { type Loaded, type LoadedEndpoint, type LoadedHook, type LoadedTable, type LoadedTest, tableOptions } from './schema.ts';

/** What the schema read → the frozen Config. */
export function assemble(loaded: Loaded): Config {
  const hooks = loaded.hooks.map(hookConfig);
  const config: Config = {
    source: { ...loaded.source, url: loaded.source.url ?? null, kafka: loaded.source.kafka === undefined ? null : { ...loaded.source.kafka, ...cluster(loaded.source.kafka) } },
    state: { ...loaded.state, url: loaded.state.url ?? null, encryption: loaded.state.encryption ?? null },
    server: { ...loaded.server.listen, token: loaded.server.token ?? null },
    limits: loaded.limits,
    tables: watchedTables(loaded, hooks),
    endpoints: [...loaded.endpoints].map(([name, endpoint]) => endpointConfig(name, endpoint)),
    hooks,
    tests: loaded.tests.map(testConfig),
    notify: loaded.notify,
    history: loaded.history ?? null,
    engine: loaded.engine === undefined ? null : { kafka: kafkaEngine(loaded.engine.kafka) },
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

function kafkaEngine(loaded: NonNullable<Loaded['engine']>['kafka']): KafkaEngineConfig {
  return { ...loaded, ...cluster(loaded), replication: loaded.replication ?? null, group: loaded.group ?? `${loaded.topic}-deliver` };
}

/** How a cluster is reached, as an engine, a source or an endpoint says it. */
function cluster({ brokers, tls, sasl }: Pick<NonNullable<Loaded['engine']>['kafka'], 'brokers' | 'tls' | 'sasl'>): KafkaClusterConfig {
  return { brokers, tls: tls === undefined || tls === null ? null : tlsFiles(tls), sasl: sasl ?? null };
}

function tlsFiles(tls: LoadedEndpoint['tls']): EndpointConfig['tls'] {
  return { ca: tls?.ca ?? null, cert: tls?.cert ?? null, key: tls?.key ?? null };
}

function endpointConfig(name: string, { type, url, brokers = [], topic = [], key, sasl, ...endpoint }: LoadedEndpoint): EndpointConfig {
  const kafka = type === 'kafka' ? { ...cluster({ brokers, tls: endpoint.tls, sasl }), topic, key: key ?? null } : null;
  return {
    name,
    ...endpoint,
    // That what its type needs is there, target-rules.ts has seen to.
    url: kafka === null && url !== undefined ? url : new URL(`kafka://${brokers[0] ?? ''}`),
    kafka,
    signing: endpoint.signing ?? null,
    rate: endpoint.rate ?? null,
    batch: endpoint.batch ?? null,
    disable_after: endpoint.disable_after ?? null,
    tls: tlsFiles(endpoint.tls),
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

function testConfig(test: LoadedTest): TestConfig {
  const { expect } = test;
  return {
    ...test,
    name: test.name ?? null,
    old: test.old ?? null,
    operation: test.operation ?? null,
    expect: expect === null ? null : expectConfig(expect),
  };
}

function expectConfig({ method, url, path, headers, body, ...parts }: LoadedTest['expect'] & {}): ExpectConfig {
  const given = (['data', 'redacted', 'meta'] as const).flatMap((name) => (parts[name] === undefined ? [] : [`${JSON.stringify(name)}:${parts[name]}`]));
  return {
    method: method ?? null,
    url: url ?? null,
    path: path ?? null,
    headers: new Map([...headers].map(([name, value]) => [name.toLowerCase(), JSON.parse(value) as string | null])),
    body: body ?? (given.length === 0 ? null : `{${given.join(',')}}`),
  };
}

/** Freezes plain objects and lists, all the way down. Maps and URLs are read-only by type alone. */
function freeze<T>(value: T): T {
  const plain = Array.isArray(value) || (typeof value === 'object' && value !== null && value.constructor === Object);
  if (plain) for (const inner of Object.values(Object.freeze(value))) freeze(inner);
  return value;
}
