import { type Database, WALHOOK } from '../database.ts';
import { BEAT, SENT_AT } from '../receiver/message.ts';
import type { Suite } from '../suite.ts';
import type { WriterAnswer, WriterInput } from './writer.ts';

const WRITER = new URL('writer.ts', import.meta.url);

/** The column of a beat that says when it was written. */
export const STAMP_COLUMN = 1;

/** A database with the table that the writer writes to. */
export async function beatsDatabase(suite: Suite, name: string): Promise<Database> {
  const database = await suite.database(name);
  await database.query(`create table beats (user_id bigint primary key, ${SENT_AT} numeric(16, 3), note text, ${BEAT} int)`);
  await database.query(`create publication ${WALHOOK} for table beats`);
  return database;
}

/** Starts to write so many rows, evenly, in single-row transactions; resolves once all are committed. */
export function writeBeats(suite: Suite, input: WriterInput): Promise<WriterAnswer> {
  return suite.task<WriterAnswer>(WRITER, input).answer;
}
