import type { ClientConfig } from 'pg';
import type { Config } from '../config.ts';
import { connect, target } from './connect.ts';
import { parseTimelineHistory, type Timelines } from './timelines.ts';

/**
 * Runs one command of the replication protocol, which an ordinary connection does not take, on a connection of its own.
 * https://www.postgresql.org/docs/current/protocol-replication.html
 *
 * @throws WalhookError or the error of pg.
 */
export async function replicationCommand(config: Pick<Config, 'source'>, command: string): Promise<Record<string, unknown>[]> {
  const to = target(config.source.url);
  const { client } = await connect({ ...to, attempts: to.attempts.map(replicating) });
  try {
    const { rows } = await client.query<Record<string, unknown>>(command);
    return rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The option is not in the types of pg, which hands it to the server. */
function replicating(client: ClientConfig): ClientConfig {
  return Object.assign({ ...client }, { replication: 'database' });
}

/** The history of the server's timeline. */
export async function readTimelines(config: Pick<Config, 'source'>, current: number): Promise<Timelines> {
  if (current === 1) return { current, ended: [] };
  const [row] = await replicationCommand(config, `TIMELINE_HISTORY ${current}`);
  // Text, or bytea: that depends on the version.
  const content = row?.['content'];
  if (typeof content !== 'string' && !Buffer.isBuffer(content)) throw new TypeError('a timeline history file has content');
  return parseTimelineHistory(content.toString(), current);
}
