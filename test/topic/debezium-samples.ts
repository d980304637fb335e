/*
 * What Debezium's connectors write, cut to the parts that there are in every version.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
 * https://debezium.io/documentation/reference/stable/connectors/mysql.html#mysql-events
 */

/** Members of an object, of any type. */
export type Row = Readonly<Record<string, unknown>>;

export function postgresEnvelope(op: string, before: Row | null, after: Row | null, source: Row = {}): Row {
  return {
    before,
    after,
    source: {
      version: '3.0.0.Final',
      connector: 'postgresql',
      name: 'shop',
      ts_ms: 1_700_000_000_123,
      snapshot: 'false',
      db: 'shop',
      sequence: '["24023119","24023128"]',
      ts_us: 1_700_000_000_123_456,
      ts_ns: 1_700_000_000_123_456_000,
      schema: 'public',
      table: 'customers',
      txId: 555,
      lsn: 24_023_128,
      xmin: null,
      ...source,
    },
    transaction: null,
    op,
    ts_ms: 1_700_000_000_500,
  };
}

export function mysqlEnvelope(op: string, before: Row | null, after: Row | null): Row {
  const source = { version: '3.0.0.Final', connector: 'mysql', name: 'shop', ts_ms: 1_700_000_000_000, snapshot: 'false', db: 'inventory', table: 'customers', server_id: 223_344, gtid: null, file: 'mysql-bin.000003', pos: 484, row: 0, thread: 7 };
  return { before, after, source, op, ts_ms: 1_700_000_000_500 };
}

/** A column as Kafka Connect's schema describes it. */
export interface ConnectField {
  readonly field: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly name?: string;
  readonly parameters?: Row;
  readonly items?: Row;
  readonly default?: unknown;
}

/** The envelope as JsonConverter writes it with `schemas.enable=true`. */
export function withSchema(payload: Row, fields: readonly ConnectField[]): Row {
  const row = (field: string): Row => ({ type: 'struct', fields: fields.map((one) => ({ optional: true, ...one })), optional: true, name: 'shop.public.customers.Value', field });
  const others = [
    { type: 'struct', fields: [{ type: 'string', optional: false, field: 'version' }], optional: false, name: 'io.debezium.connector.postgresql.Source', field: 'source' },
    { type: 'string', optional: false, field: 'op' },
    { type: 'int64', optional: true, field: 'ts_ms' },
  ];
  return { schema: { type: 'struct', fields: [row('before'), row('after'), ...others], optional: false, name: 'shop.public.customers.Envelope', version: 2 }, payload };
}

export function keyWithSchema(key: Row): Row {
  return { schema: { type: 'struct', name: 'shop.public.customers.Key', optional: false, fields: Object.keys(key).map((field) => ({ type: 'int32', optional: false, field })) }, payload: key };
}
