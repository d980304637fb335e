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
export async function withSource<T>(config: Pick<Config, 'source'>, doing: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  refuseKafka(config, `cannot ${doing}`, 'docs/kafka.md says what each command does then; `walhook send` tries an endpoint');
  return withDatabase(config.source.url, doing, work);
}

/** The same of any database. @param url null: the PG* variables */
export async function withDatabase<T>(url: string | null, doing: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const to = target(url);
  const { client } = await connect(to);
  try {
    return await work(client);
  } catch (error) {
    throw connectionError(error, { label: to.label, doing });
  } finally {
    await client.end().catch(() => {});
  }
}

/** @param what cannot be done, as in `cannot render a row` @throws WalhookError `source_is_kafka` if the source is no database */
export function refuseKafka({ source }: Pick<Config, 'source'>, what: string, hint: string): void {
  if (source.kafka !== null) throw new WalhookError(`${what}: the source is Kafka, and tables are known from its records alone`, { code: 'source_is_kafka', hint });
}

/** The command of Kafka that does something with a group. */
export function groupCommand({ brokers, group }: { readonly brokers: readonly string[]; readonly group: string }, rest: string): string {
  return `kafka-consumer-groups.sh --bootstrap-server ${brokers[0] ?? ''} --group ${group} ${rest}`;
}
