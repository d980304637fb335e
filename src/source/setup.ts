// STUB by the lead, for the SQL helper to replace whole: keep this signature (open-slot.ts uses it).
import type { Config } from '../config.ts';
import type { StoredPosition } from '../position.ts';
import { inspect, type Queryable } from './inspect.ts';
import { identifier, qualified } from './quote.ts';

/**
 * For `run`: checks the findings, makes what is missing if `source.manage` allows, refuses with a WalhookError otherwise.
 * `client` may be a pg.Pool: transactions must take a client of their own from it.
 */
export async function prepare(options: { config: Config; client: Queryable; checkpoint: StoredPosition | null }): Promise<void> {
  const { config, client } = options;
  const facts = await inspect(client, config);
  const { publication, slot } = config.source;
  for (const table of config.tables) {
    if (table.replica_identity === 'full') await client.query(`alter table ${qualified(table)} replica identity full`);
  }
  if (facts.publication === null) {
    await client.query(`create publication ${identifier(publication)} for table ${config.tables.map((t) => qualified(t)).join(', ')}`);
  }
  if (facts.slot === null) await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
}
