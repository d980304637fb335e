import type pg from 'pg';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { connect, target } from '../source/connect.ts';
import { connectionError } from '../source/connection-error.ts';

/**
 * Connects to the source database for the time of `work`.
 *
 * @param doing what is being done, for an error's message, as in `read its settings`.
 * @throws WalhookError `source_is_kafka` if there is none; else for whatever Postgres or the network refuses: see source/connection-error.ts.
 */
export async function withSource<T>({ source }: Pick<Config, 'source'>, doing: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  if (source.kafka !== null) throw new WalhookError(`cannot ${doing}: the source is Kafka, which has no database to ask`, { code: 'source_is_kafka', hint: 'source.kafka is of the daemon: leave it out where a database is the source' });
  const to = target(source.url);
  const { client } = await connect(to);
  try {
    return await work(client);
  } catch (error) {
    throw connectionError(error, { label: to.label, doing });
  } finally {
    await client.end().catch(() => {});
  }
}
