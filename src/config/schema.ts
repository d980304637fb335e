import type * as z from 'zod';
import { listen, postgresUrl } from './addresses.ts';
import { constant } from './constant.ts';
import { endpoint } from './endpoint-schema.ts';
import { enrichNameFault } from './enrich-names.ts';
import { expression } from './expression.ts';
import { headerNameFault } from './headers.ts';
import { engine, kafkaSource } from './kafka-schema.ts';
import { listOf, mapOf, narrowed, section, sectionOr, shaped, templated } from './kinds.ts';
import { configName, identifier, identifierFault, NAME_PATTERN, nameFault, SLOT_PATTERN, slotName, stateSchema, tableName, tableNameFault } from './names.ts';
import { headerTemplate, METHODS, methodTemplate, pathTemplate } from './request-templates.ts';
import { CRON_PATTERN, cronExpression, timeZone } from './schedule.ts';
import { choice, duration, flag, integer, rate, size, textOf, textOrEmpty, VARIABLE, version } from './scalars.ts';
import { adminToken, keyPath } from './secrets.ts';
import { bodyTemplate } from './templates.ts';
import { test } from './test-schema.ts';
import { tracing } from './tracing.ts';
import { visibility } from './visibility.ts';

/**
 * The options of walhook.yaml: type, default and prose of each, in one table. From it come what the loader accepts,
 * the JSON Schema (`walhook schema`) and docs/configuration.md.
 */

const column = textOf(identifier);
const columns = (min = 0) => listOf(column, { min });

const source = section({
  url: textOrEmpty(postgresUrl)
    .optional()
    .meta({
      description:
        'Connection URL of the database to tail, `postgres://user:password@host:5432/db?sslmode=require`. `sslmode` has the meaning it has in libpq. Default: what the `PG*` environment variables say.',
    }),
  slot: textOf(slotName, { pattern: SLOT_PATTERN }).prefault('walhook').meta({ description: 'Name of the logical replication slot. One walhook at a time reads a slot.' }),
  publication: textOf(identifier).prefault('walhook').meta({ description: 'Name of the publication that has the watched tables.' }),
  manage: flag().prefault(true).meta({
    description: '`true`: create the publication and the slot, and alter the publication to match the watched tables. `false`: only check, and print the SQL that is missing.',
  }),
  failover: flag().prefault(false).meta({
    description: '`true`: the slot is kept in step on physical standbys, so that walhook goes on where it was after a failover. Postgres 17 and later.',
  }),
  kafka: kafkaSource.optional().meta({
    description:
      'Topics of Kafka that walhook or Debezium filled, in the place of a slot. `state.url` is required then; `url` is the database of lookups (`enrich`), if there are any. What only a database can do is not to be had: `backfill`, `schedule`. Default: the slot of a database is read.',
  }),
});

const state = section({
  url: textOrEmpty(postgresUrl).optional().meta({
    description: 'Connection URL of the database that keeps checkpoints, parked deliveries and dead letters. Default: the source database.',
  }),
  schema: textOf(stateSchema).prefault('walhook').meta({ description: 'Schema for them. It belongs to walhook alone.' }),
  encryption: section({
    keys: listOf(textOf(keyPath), { min: 1, orOne: true }).meta({
      description:
        'Absolute paths of files with a key of 32 random bytes each, as they are, in base64 or in hexadecimal: `openssl rand -base64 32`. The first seals, all open: to rotate, put the new one in front and restart, or reload; a key may go when nothing is left that it has sealed, which a start makes sure of.',
    }),
  })
    .optional()
    .meta({
      description:
        'Bodies, paths, headers and responses of parked deliveries and dead letters are stored sealed (AES-256-GCM), each bound to its row. What was stored before stays readable. Default: they are stored as they are sent.',
    }),
});

const server = section({
  listen: textOf(listen).prefault('127.0.0.1:9464').meta({
    description: 'Where `/healthz`, `/readyz`, `/metrics` and the admin API listen, `host:port`. Port 0 takes any that is free. Beyond loopback a `token` is required.',
  }),
  token: textOrEmpty(adminToken).optional().meta({
    description: 'Bearer token of the admin API and `/metrics`, at least 16 characters. Default: none, which is allowed on loopback alone.',
  }),
});

const limits = section({
  in_flight: integer({ min: 1, max: 1_000_000 }).prefault(10_000).meta({
    description: 'How many deliveries may wait or be under way at once, over all endpoints. When it is reached, walhook stops reading the WAL until there is room.',
  }),
  memory: size('1MiB', '64GiB').prefault('64MiB').meta({ description: 'How much memory those deliveries may take. When it is reached, walhook stops reading the WAL until there is room.' }),
  shutdown: duration('0s', '1h').prefault('25s').meta({
    description: 'How long a drain on SIGTERM may take. What is not delivered by then is sent after the next start. Keep it under what the service manager allows.',
  }),
});

/** A table's options. With nothing given they are those of a table that only a hook names. */
export const tableOptions = section({
  key: columns(1).optional().meta({ description: 'Columns that tell rows apart: the `data` of a delete, and the order of deliveries. Default: the primary key.' }),
  lookup: columns().prefault([]).meta({ description: 'Columns that a receiver finds its record by: `meta.lookup_values`, in this order.' }),
  visibility: narrowed(mapOf(column, identifierFault), visibility).optional().meta({
    description:
      'What says whether a field may be seen. Either each field with its boolean flag column, `{ country: country_visible }`, or one json column that has the flags by field, `{ column: privacy }`. A flag shows its field only if it is true: false and null hide it. In a json column, a field that has no flag may be seen; so may all if the column is null. Flag columns are not in `data`. Default: every field may be seen.',
  }),
  replica_identity: choice(['full']).optional().meta({
    description:
      '`full`: walhook may run `ALTER TABLE … REPLICA IDENTITY FULL`, so that the WAL has whole old rows. Visibility, `changed`, and `previous_value` need them. Default: it only checks, and says what is missing. With `source.kafka` and `format: debezium`: the table has it.',
  }),
  redacted: textOf((value) => ({ value })).prefault('<<REDACTED>>').meta({ description: 'Text that stands in place of a hidden value.' }),
});

/** That there is such an endpoint, `rules.ts` sees to. */
const endpointName = textOf((value) => (value === '' ? { refused: 'the name of an endpoint is missing' } : { value }));

const fields = section({
  only: columns(1).optional().meta({ description: 'The columns that are sent. Default: all.' }),
  omit: columns().prefault([]).meta({ description: 'Columns that are not sent.' }),
  rename: mapOf(column, identifierFault).prefault({}).meta({ description: 'New names, `{ first_name: given_name }`: in `data`, `redacted` and `lookup_values`.' }),
  set: mapOf(
    shaped(constant, () => ({})),
    (name) => (name === '' ? 'a field has a name' : null),
  )
    .prefault({})
    .meta({ description: 'Constant fields that are added: any JSON value.' }),
  omit_null: flag().prefault(false).meta({ description: 'Leave out columns that are null.' }),
});

const enrich = sectionOr('sql', {
  sql: templated((parts) => ({ value: parts }), () => ({ type: 'string' })).meta({
    description: 'One query. Its `${{ }}` become bound parameters, which do not stand in quotes: `where id = ${{ row.organization_id }}`. It runs read-only, in the source database.',
  }),
  many: flag().prefault(false).meta({ description: '`true`: all its rows, as a list. `false`: one row, or null if there is none.' }),
  timeout: duration('1ms', '10m').prefault('5s').meta({ description: 'How long the query may take. A delivery whose query fails or takes longer is tried again as `retry` of the endpoint says, and nothing is sent without it.' }),
  cache: duration('1ms', '7d').optional().meta({ description: 'How long an answer may be used again. It is dropped before that when a table that the query reads changes, if that table is under `tables`; of what a function reads within the query, nothing is known. Default: not at all.' }),
});

const schedule = sectionOr('cron', {
  cron: textOf(cronExpression, { pattern: CRON_PATTERN }).meta({ description: 'Minute, hour, day of the month, month, day of the week: `"0 6 * * 1-5"`.' }),
  timezone: textOf(timeZone).prefault('UTC').meta({ description: 'The time zone it is in, by its name: `Europe/Amsterdam`.' }),
});

const hook = section({
  name: textOf(configName, { pattern: NAME_PATTERN }).meta({
    description: 'Its name, which no other hook has: letters, digits, `-` and `_`. It is part of what makes a `webhook-id`, so a renamed hook is a new one.',
  }),
  table: textOf(tableName).meta({ description: 'The table whose events it takes: `profiles` or `app.profiles`. One that is not under `tables` is watched with the defaults.' }),
  to: listOf(endpointName, { min: 1, orOne: true }).meta({ description: 'The endpoint that gets the events, or a list of endpoints.' }),
  events: listOf(choice(['insert', 'update', 'visibility_update', 'delete', 'truncate']), { min: 1 })
    .prefault(['insert', 'update', 'visibility_update', 'delete'])
    .meta({ description: 'The kinds of events it takes.' }),
  changed: columns(1).optional().meta({ description: 'Updates: only when one of these columns changed. Default: whichever changed.' }),
  when: shaped(expression, () => ({ type: 'string', minLength: 1 })).optional().meta({
    description: 'Only events for which this CEL expression is true. It sees `row`, `old`, `changed` and `event`: `row.country == \'NL\'`. A hidden field is null in it. Default: all events.',
  }),
  entering: flag().prefault(false).meta({ description: 'Only when a row starts to match `when`: it did not before the change.' }),
  order_by: columns().optional().meta({ description: 'Columns whose values make a lane, within which deliveries keep their order. `[]`: no order. Default: the key of the table.' }),
  fields: fields.prefault({}).meta({ description: 'What of the row is sent, and under which names.' }),
  meta: listOf(choice(['table', 'schema', 'changed', 'lsn', 'xid', 'committed_at', 'backfill', 'id']))
    .prefault([])
    .meta({ description: 'What `meta` has besides `operation` and `lookup_values`. `id` is the `webhook-id` of the event for this hook: it tells those of a batch apart.' }),
  large_numbers: choice(['number', 'string']).prefault('number').meta({
    description: '`string`: numbers that a double would round become strings, for receivers that parse JSON as JavaScript does.',
  }),
  body: shaped(bodyTemplate, () => ({})).optional().meta({
    description:
      'The body, as any structure of YAML with expressions in `${{ }}` at its leaves: `{ name: "${{ row.first_name }} ${{ row.last_name }}", tags: "${{ row.tags }}" }`. Text that is one expression keeps its type. Default: what `format` says.',
  }),
  omit_null: flag().prefault(false).meta({ description: 'Leave out entries of `body` whose value is null.' }),
  format: choice(['event', 'standard', 'cloudevents', 'cloudevents-binary', 'debezium'])
    .prefault('event')
    .meta({
      description:
        'Shape of the body. `event`: walhook\'s own. `standard`: the payload of Standard Webhooks. `cloudevents`, `cloudevents-binary`: CloudEvents in structured and in binary mode. `debezium`: the JSON envelope of Debezium. Ignored when `body` is given.',
    }),
  encoding: choice(['json', 'form', 'query']).optional().meta({
    description:
      'How the body is written. `form`: as `application/x-www-form-urlencoded`, nested with brackets, `a[b]=1&c[]=2`. `query`: the same in the query of the URL; the request has no body. Default: `json`, and `query` for GET and HEAD.',
  }),
  method: templated(methodTemplate, () => ({ anyOf: [{ enum: METHODS }, VARIABLE] }))
    .optional()
    .meta({ description: "HTTP method, or an expression that gives it: `${{ event.operation == 'delete' ? 'DELETE' : 'PUT' }}`. Default: the endpoint's." }),
  path: templated(pathTemplate, () => ({ anyOf: [{ title: 'path', type: 'string', pattern: '^/(?!/)' }, VARIABLE] }))
    .optional()
    .meta({
      description: "Path, maybe with a query, in place of those of the endpoint's URL: `/contacts/${{ row.user_id }}`. A value stays within its segment or parameter. Default: the URL's own.",
    }),
  headers: mapOf(
    templated(headerTemplate, () => ({ type: 'string' })),
    headerNameFault,
  )
    .prefault({})
    .meta({ description: "Headers besides the endpoint's, whose place they take: `{ X-Table: \"${{ event.table }}\" }`. What is parked has them with it: secrets belong to the endpoint's." }),
  enrich: mapOf(enrich, enrichNameFault).prefault({}).meta({
    description:
      'What is looked up for each event, by the name that expressions in `body`, `path`, `method`, `headers` and later lookups know it by. Either the SQL alone, `{ org: "select name from organizations where id = ${{ row.organization_id }}" }`, or a mapping.',
  }),
  schedule: schedule.optional().meta({
    description:
      'Hold events and send them at these times, one for each row, as the row is then. A row that is deleted until then, or does not match `when` any more, is not sent. Either the cron expression alone, `"0 6 * * *"`, which is in UTC, or a mapping. Default: events are sent at once.',
  }),
  backfill: choice(['initial']).optional().meta({
    description: '`initial`: the rows that are in the table already are sent as well, once for each hook, by its name. Without `schedule`: from the first start that knows the hook, while streaming goes on (docs/backfill.md). With `schedule`, which needs `when` and `entering` then: at the first of its times every row that matches; afterwards only rows that start to match. Default: only what changes.',
  }),
  cooldown: duration('1s', '3650d').optional().meta({ description: 'At most one insert or update for each row in this time, by the key of the table; deletes and visibility updates always go out. Default: as many as there are.' }),
});

const notify = section({
  to: listOf(endpointName, { orOne: true }).prefault([]).meta({
    description: 'The endpoint, or endpoints, that get an operational webhook when an endpoint fails, recovers or is disabled, a delivery is dead, walhook lags, or WAL runs out. Default: the log alone tells.',
  }),
  lag: duration('1s', '30d').prefault('5m').meta({ description: 'Tell when reading is so far behind the latest commit.' }),
  wal: duration('1m', '30d').prefault('6h').meta({ description: 'Tell when the WAL that Postgres keeps for the slot will run out within this time (`max_slot_wal_keep_size`).' }),
});

const deadLetters = section({
  keep: duration('1m', '3650d').optional().meta({ description: 'How long dead letters are kept. Default: until someone replays or discards them.' }),
  most: integer({ min: 0, max: 1_000_000_000 }).optional().meta({ description: 'How many are kept of each endpoint, the latest. Default: all.' }),
});

const history = sectionOr('keep', {
  keep: duration('1h', '3650d').meta({ description: 'How long attempts are kept, the requests and what was answered. Days of UTC are dropped as a whole.' }),
  bodies: flag().prefault(true).meta({ description: '`false`: without the bodies of requests. Then what was delivered cannot be replayed.' }),
  rate: rate('1/h', '100000/s').prefault('1000/s').meta({ description: 'Most attempts that are kept in a time, of those that delivered and of those that failed. What is beyond is delivered and counted, and not kept.' }),
});

export const schema = section({
  version: version().meta({ description: 'Version of this file format: 1.' }),
  source: source.prefault({}).meta({ description: 'The database whose changes are read.' }),
  state: state.prefault({}).meta({ description: 'Where walhook keeps what it must not forget.' }),
  server: server.prefault({}).meta({ description: 'The HTTP server for health and administration.' }),
  limits: limits.prefault({}).meta({ description: 'What the process may use.' }),
  tables: mapOf(tableOptions, tableNameFault).prefault({}).meta({
    description: 'The watched tables, by name: `profiles` (in schema `public`) or `app.profiles`; case counts, and `"…"` goes around a name that has a dot in it. A table that only a hook names is watched with the defaults.',
  }),
  endpoints: mapOf(endpoint, nameFault).prefault({}).meta({ description: 'The targets, URLs or topics of Kafka, by name: letters, digits, `-` and `_`.' }),
  hooks: listOf(hook, { orNothing: true }).prefault([]).meta({ description: 'Which events of which table go to which endpoint.' }),
  tests: listOf(test, { orNothing: true }).prefault([]).meta({
    description: 'What hooks are to make of rows: `walhook test` runs them ([shapes.md](shapes.md#tests)). The daemon passes over them.',
  }),
  notify: notify.prefault({}).meta({ description: 'Who is told of what happens to walhook itself.' }),
  engine: engine.optional().meta({
    description:
      'What goes between the process that reads and those that deliver, so that several can: `walhook run --role tail` and `--role deliver`. Default: nothing, one process does both.',
  }),
  dead_letters: deadLetters.prefault({}).meta({ description: 'How long dead letters are kept.' }),
  tracing: tracing.optional().meta({ description: 'OpenTelemetry: a trace of each change from its commit to its deliveries, which bear a `traceparent`. Default: none.' }),
  history: history.optional().meta({
    description:
      'Keep what was delivered, and each attempt, in the state schema: to be looked at, and replayed. Either the time alone, `7d`, or a mapping. It is written beside deliveries, which never wait for it: after a crash, or when the state database does not keep up, some of it is missing. An attempt takes some 450 bytes there besides its body (which is compressed above 2 kB, and left out above 16 KiB): 100 deliveries a second with bodies of 500 bytes are some 8 GB a day. Default: the latest are kept in memory alone, until the process ends.',
  }),
});

/** What the schema makes of a file. `load.ts` makes the Config of it. */
export type Loaded = z.output<typeof schema>;
export type LoadedEndpoint = ReturnType<Loaded['endpoints']['get']> & {};
export type LoadedTable = ReturnType<Loaded['tables']['get']> & {};
export type LoadedTest = Loaded['tests'][number];
export type LoadedHook = Loaded['hooks'][number];
