import type { Verdict } from './outcome.ts';
import type { Template, TextTemplate } from './template.ts';

/**
 * walhook.yaml, once loaded: interpolated, checked, defaults filled in, frozen.
 * Keys are the file's own. Durations are milliseconds, sizes bytes, rates per second.
 * What each option means, its default and its prose are in `config/schema.ts`.
 */
export interface Config {
  readonly source: SourceConfig;
  readonly state: StateConfig;
  readonly server: ServerConfig;
  readonly limits: LimitsConfig;
  readonly tables: readonly TableConfig[];
  readonly endpoints: readonly EndpointConfig[];
  readonly hooks: readonly HookConfig[];
  /** What `walhook test` runs, in the file's order. */
  readonly tests: readonly TestConfig[];
  readonly notify: NotifyConfig;
  readonly dead_letters: DeadLettersConfig;
  /** null: no traces are made. */
  readonly tracing: TracingConfig | null;
  /** Null: in memory alone. */
  readonly history: HistoryConfig | null;
  /** What goes between the tail and the deliverers; null: one process does both. */
  readonly engine: EngineConfig | null;
}

/** Where processes of several roles share the work. */
export interface EngineConfig {
  readonly kafka: KafkaEngineConfig;
}

/** A Kafka cluster, and how to connect to it. */
export interface KafkaClusterConfig {
  /** `host:port`, at least one: the others are learned from it. */
  readonly brokers: readonly string[];
  /** Null: in plain text. */
  readonly tls: KafkaTlsConfig | null;
  /** Null: nobody asks who it is. */
  readonly sasl: SaslConfig | null;
}

/** Absolute paths of PEM files, as the `tls` of an endpoint has them. */
export interface KafkaTlsConfig {
  /** Null: what Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export interface SaslConfig {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaEngineConfig extends KafkaClusterConfig {
  readonly topic: string;
  /** How many the topic is made with, and must have: a lane's partition follows from it. */
  readonly partitions: number;
  /** Copies of each partition; null: the broker's default. */
  readonly replication: number | null;
  /** The consumer group of the deliverers. */
  readonly group: string;
  /** Milliseconds without a heartbeat after which a worker's partitions go to others. */
  readonly session: number;
}

/** A topic whose records are events, in the place of a slot. */
export interface KafkaSourceConfig extends KafkaClusterConfig {
  readonly topics: readonly string[];
  readonly group: string;
  /** Milliseconds without a heartbeat after which another process takes over. */
  readonly session: number;
  /** What a record's value is: walhook's `event`, or Debezium's envelope. */
  readonly format: 'event' | 'debezium';
  /** Where a group that has read nothing yet begins. */
  readonly from: 'earliest' | 'latest';
}

/** Traces, from commit to delivery, for an OpenTelemetry collector. */
export interface TracingConfig {
  /** Where traces go, by OTLP over HTTP. */
  readonly url: URL;
  readonly headers: ReadonlyMap<string, string>;
  /** Part of the changes that are traced where no traceparent says so, 0 to 1. */
  readonly sample: number;
  /** Column that has the traceparent of the change that wrote it; null: none. */
  readonly column: string | null;
  /** Prefix of the logical message that has the traceparent of the rest of its transaction. */
  readonly message: string;
}

/** What is kept of deliveries that arrived, in the state schema. */
export interface HistoryConfig {
  /** Milliseconds after the attempt, by days. */
  readonly keep: number;
  readonly bodies: boolean;
  /** Attempts a second, at most; more at once after a quiet time. */
  readonly rate: number;
}

/** Operational webhooks: what happens to walhook itself. */
export interface NotifyConfig {
  /** Names of endpoints. */
  readonly to: readonly string[];
  /** Milliseconds by which deliveries may lag behind commits before it is told. */
  readonly lag: number;
  /** Told when retained WAL will run out sooner than this, in milliseconds. */
  readonly wal: number;
}

/** How long dead letters are kept. */
export interface DeadLettersConfig {
  /** Milliseconds after death; null: for ever. */
  readonly keep: number | null;
  /** The latest so many of each endpoint; null: all. */
  readonly most: number | null;
}

export interface SourceConfig {
  /** Connection string; null: the PG* environment variables. */
  readonly url: string | null;
  /** Null: a slot of the database is read. */
  readonly kafka: KafkaSourceConfig | null;
  readonly slot: string;
  readonly publication: string;
  readonly manage: boolean;
  /** The slot is kept in step on standbys, so that it outlives a failover (Postgres 17 and later). */
  readonly failover: boolean;
}

export interface StateConfig {
  /** Connection string; null: the source database. */
  readonly url: string | null;
  readonly schema: string;
  /** null: what is parked and dead is stored as it is sent. */
  readonly encryption: EncryptionConfig | null;
}

export interface EncryptionConfig {
  /** Absolute paths of files with a key each, at least one: the first seals, all open. */
  readonly keys: readonly string[];
}

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
}

export interface LimitsConfig {
  readonly in_flight: number;
  readonly memory: number;
  readonly shutdown: number;
}

export interface TableConfig {
  readonly schema: string;
  readonly table: string;
  /** null: the primary key. */
  readonly key: readonly string[] | null;
  readonly lookup: readonly string[];
  readonly visibility: VisibilityConfig | null;
  /** True: walhook may set REPLICA IDENTITY FULL. */
  readonly replica_identity: 'full' | null;
  /** Text that stands in place of a hidden value. */
  readonly redacted: string;
}

export type VisibilityConfig =
  /** field → boolean column that says whether it may be seen */
  | { readonly kind: 'columns'; readonly flags: ReadonlyMap<string, string> }
  /** one json column, field → boolean */
  | { readonly kind: 'json'; readonly column: string };

/** Where an endpoint of `type: kafka` sends. */
export interface KafkaEndpointConfig extends KafkaClusterConfig {
  readonly topic: TextTemplate;
  /** Null: the hook's lane key, so that a row's events keep their order. */
  readonly key: TextTemplate | null;
}

export interface EndpointConfig {
  readonly name: string;
  /** Of a Kafka endpoint: `kafka://` and its first broker, for people alone. */
  readonly url: URL;
  /** Null: HTTP. */
  readonly kafka: KafkaEndpointConfig | null;
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly signing: { readonly secrets: readonly string[] } | null;
  readonly timeout: number;
  readonly concurrency: number;
  /** Requests a second; null: no limit. */
  readonly rate: number | null;
  /** Deliveries that go in one request, as a JSON array; null: each goes in its own. */
  readonly batch: BatchConfig | null;
  readonly retry: RetryConfig;
  readonly breaker: { readonly failures: number; readonly open: number };
  /** What a status means, by the status or its class: `409`, `4xx`. A status goes before its class. */
  readonly responses: ReadonlyMap<string, 'delivered' | Verdict>;
  /** Milliseconds of failure without a single success after which the endpoint is disabled; null: never. */
  readonly disable_after: number | null;
  /** CIDRs of private, loopback or link-local addresses that may be connected to. */
  readonly network: { readonly allow: readonly string[] };
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  /** Requests carry a bearer token of this client's; null: none. */
  readonly oauth2: OAuth2Config | null;
}

/** OAuth 2.0 client credentials (RFC 6749, 4.4). */
export interface OAuth2Config {
  readonly token_url: URL;
  readonly client_id: string;
  readonly client_secret: string;
  readonly scope: string | null;
  readonly audience: string | null;
  /** How the client authenticates: HTTP Basic, or in the form (RFC 6749, 2.3.1). */
  readonly auth: 'basic' | 'body';
}

export interface BatchConfig {
  /** Deliveries at most. */
  readonly size: number;
  /** Bytes of their bodies at most; a larger one goes alone. */
  readonly bytes: number;
  /** How long the first waits for others, in milliseconds. */
  readonly linger: number;
}

export interface RetryConfig {
  readonly initial: number;
  readonly factor: number;
  readonly max: number;
  readonly jitter: number;
  /** Attempts in all before a delivery is dead, the first included. */
  readonly attempts: number;
}

export type EventKind = RowOperation | 'truncate';
/** What may be done to a row. */
export type RowOperation = 'insert' | 'update' | 'visibility_update' | 'delete';

export interface HookConfig {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  readonly to: readonly string[];
  readonly events: readonly EventKind[];
  /** null: whatever changed. */
  readonly changed: readonly string[] | null;
  readonly when: string | null;
  readonly entering: boolean;
  /** Columns of the lane key; null: the table's key; empty: no order. */
  readonly order_by: readonly string[] | null;
  readonly fields: FieldsConfig;
  readonly meta: readonly MetaField[];
  /** Digits beyond 2^53 as strings, for receivers that parse JSON numbers as doubles. */
  readonly large_numbers: 'number' | 'string';
  /** What the body is made of; null: what `format` says. */
  readonly body: Template | null;
  /** Entries of `body` whose value is null are left out. Items of lists stay. */
  readonly omit_null: boolean;
  readonly format: Format;
  /** `query` and `form` write the body as pairs: in the URL, or as a form. null: `json`, but `query` for GET and HEAD. */
  readonly encoding: Encoding | null;
  /** null: the endpoint's. */
  readonly method: TextTemplate | null;
  /** Path, maybe with a query, in place of those of the endpoint's URL. Begins with a slash. null: the URL's own. */
  readonly path: TextTemplate | null;
  /** Headers besides the endpoint's, whose place they take. */
  readonly headers: ReadonlyMap<string, TextTemplate>;
  /** What is looked up for each event, by the name that expressions know it by, in the file's order. */
  readonly enrich: ReadonlyMap<string, EnrichConfig>;
  /** null: at once. */
  readonly schedule: ScheduleConfig | null;
  /** `initial`: at the first time of `schedule` every row that matches is sent. */
  readonly backfill: 'initial' | null;
  /** Milliseconds in which a row gets at most one delivery; null: as many as there are. */
  readonly cooldown: number | null;
}

export type Format = 'event' | 'standard' | 'cloudevents' | 'cloudevents-binary' | 'debezium';
export type Encoding = 'json' | 'form' | 'query';

/** A query that is asked for each event. */
export interface EnrichConfig {
  /** Its expressions become bound parameters. */
  readonly sql: TextTemplate;
  /** True: all its rows, as a list. False: one row, or null. */
  readonly many: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** How long an answer may be used again, in milliseconds; null: not at all. */
  readonly cache: number | null;
}

/** When held events are sent: a cron expression of five fields. */
export interface ScheduleConfig {
  readonly cron: string;
  readonly timezone: string;
}

export type MetaField = 'table' | 'schema' | 'changed' | 'lsn' | 'xid' | 'committed_at' | 'backfill' | 'id';

export interface FieldsConfig {
  /** null: all. */
  readonly only: readonly string[] | null;
  readonly omit: readonly string[];
  readonly rename: ReadonlyMap<string, string>;
  /** Constant fields, as JSON text. */
  readonly set: ReadonlyMap<string, string>;
  /** Leave null columns out of `data`. */
  readonly omit_null: boolean;
}

/** What a hook is to make of a change to one row. */
export interface TestConfig {
  /** Null: it is called by its operation. */
  readonly name: string | null;
  readonly hook: string;
  /** The row after the change, for a delete the deleted one: JSON text by column. */
  readonly row: ReadonlyMap<string, string>;
  /** Columns that were different before an update; null: the row before is not known. */
  readonly old: ReadonlyMap<string, string> | null;
  /** Null: an update if there is `old`, else what the hook takes first. */
  readonly operation: RowOperation | null;
  /** What is found by the hook's lookups, as JSON text, by their names. */
  readonly enrich: ReadonlyMap<string, string>;
  /** Null: nothing is sent. */
  readonly expect: ExpectConfig | null;
}

/** What must hold of a request; null: whatever it is. */
export interface ExpectConfig {
  readonly method: string | null;
  readonly url: string | null;
  readonly path: string | null;
  /** A header that is null is not to be there. */
  readonly headers: ReadonlyMap<string, string | null>;
  /** JSON text. */
  readonly body: string | null;
}
