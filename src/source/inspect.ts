import type { ClientBase } from 'pg';
import type { Config } from '../config.ts';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { Facts, PublicationFacts, RelationFacts, RoleFacts, ServerFacts, SlotFacts, TableFacts } from './facts.ts';
import { publicationQuery, relationsQuery, serverQuery, slotQuery, WAL_END } from './inspect-sql.ts';

/** What a query needs of a client: a pool's will do. */
export type Queryable = Pick<ClientBase, 'query'>;

type LsnsAsText<T> = { readonly [K in keyof T]: Exclude<T[K], Lsn> | (Lsn extends T[K] ? string : never) };

/**
 * Reads all facts in four queries, each one consistent in itself. Postgres 14 to 18.
 *
 * @throws the error of pg if the connection breaks; a missing table, slot or publication is a fact.
 */
export async function inspect(client: Queryable, config: Config): Promise<Facts> {
  const schemas = [config.state.schema, ...config.tables.map((table) => table.schema)];
  const { server, role, schemas: found } = await serverFacts(client, schemas);
  const slot = await slotFacts(client, config.source.slot);
  const publication = await publicationFacts(client, config.source.publication, server.version);
  const tables = await tableFacts(client, config, server.version);
  return { server, role, schemas: found, slot, publication, tables };
}

/** How far the server's WAL has been written, or replayed on a standby. */
export async function walEnd(client: Queryable): Promise<Lsn> {
  const { rows } = await client.query<{ lsn: string }>(`select ${WAL_END}::text as lsn`);
  const [row] = rows;
  if (row === undefined) throw new Error('a query of constants gives a row');
  return parseLsn(row.lsn);
}

/** The process of the server that uses the slot; null if none does, or if there is no such slot. One query, for those who ask again and again. */
export async function slotUser(client: Queryable, slot: string): Promise<number | null> {
  return (await slotFacts(client, slot))?.activePid ?? null;
}

async function serverFacts(
  client: Queryable,
  schemas: readonly string[],
): Promise<{ server: ServerFacts; role: RoleFacts; schemas: string[] }> {
  const facts = await one<{ server: LsnsAsText<ServerFacts>; role: RoleFacts; schemas: string[] }>(client, serverQuery(), [schemas]);
  if (facts === null) throw new Error('a query of constants gives a row');
  return { ...facts, server: { ...facts.server, currentLsn: parseLsn(facts.server.currentLsn) } };
}

async function slotFacts(client: Queryable, slot: string): Promise<SlotFacts | null> {
  const facts = await one<LsnsAsText<SlotFacts>>(client, slotQuery(), [slot]);
  if (facts === null) return null;
  const { confirmedFlushLsn, restartLsn } = facts;
  return {
    ...facts,
    confirmedFlushLsn: confirmedFlushLsn === null ? null : parseLsn(confirmedFlushLsn),
    restartLsn: restartLsn === null ? null : parseLsn(restartLsn),
  };
}

function publicationFacts(client: Queryable, publication: string, version: number): Promise<PublicationFacts | null> {
  return one<PublicationFacts>(client, publicationQuery(version), [publication]);
}

async function tableFacts(client: Queryable, config: Config, version: number): Promise<TableFacts[]> {
  const { tables } = config;
  const result = await client.query<{ facts: { relation: RelationFacts | null; siblings: string[] } }>(relationsQuery(version), [
    tables.map((table) => table.schema),
    tables.map((table) => table.table),
    config.source.publication,
  ]);
  return tables.map(({ schema, table }, index) => ({
    schema,
    table,
    relation: result.rows[index]?.facts.relation ?? null,
    siblings: result.rows[index]?.facts.siblings ?? [],
  }));
}

/** The query's one row, which is one json object; null if there is no row. */
async function one<T>(client: Queryable, text: string, values: unknown[]): Promise<T | null> {
  const result = await client.query<{ facts: T }>(text, values);
  return result.rows[0]?.facts ?? null;
}
