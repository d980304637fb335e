/**
 * Writes rows at a steady rate, as a process of its own: single-row transactions, evenly, whether or not earlier ones have
 * been received (an open loop). Each row carries the time by the server's clock at which it was written.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { perform } from '../process/task.ts';
import { BEAT, SENT_AT } from '../receiver/message.ts';

export interface WriterInput {
  readonly url: string;
  readonly rows: number;
  readonly perSecond: number;
  /** Rows are written again and again, so many of them in turn, each time with how many were written before. Default: each is a new one. */
  readonly lanes?: number;
}

export interface WriterAnswer {
  /** Rows that were in fact committed a second. */
  readonly perSecond: number;
}

const INSERT = { name: 'row', text: `insert into beats (user_id, ${SENT_AT}, note) values ($1, extract(epoch from clock_timestamp()) * 1000, 'steady as she goes')` };
const AGAIN = {
  name: 'again',
  text: `insert into beats (user_id, ${SENT_AT}, note, ${BEAT}) values ($1, extract(epoch from clock_timestamp()) * 1000, 'steady as she goes', $2)
         on conflict (user_id) do update set ${SENT_AT} = excluded.${SENT_AT}, ${BEAT} = excluded.${BEAT}`,
};

perform<WriterInput, WriterAnswer>(async ({ url, rows, perSecond, lanes }) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const [first] = (await client.query<{ next: number }>('select coalesce(max(user_id), 0)::int + 1 as next from beats')).rows;
  const began = performance.now();
  for (let row = 0; row < rows; row++) {
    const early = began + (row * 1000) / perSecond - performance.now();
    // A timer has millisecond steps: what else is due when it fires follows at once.
    if (early > 0) await sleep(early);
    await client.query(lanes === undefined ? { ...INSERT, values: [(first?.next ?? 1) + row] } : { ...AGAIN, values: [row % lanes, row] });
  }
  const ms = performance.now() - began;
  await client.end();
  return { perSecond: (rows * 1000) / ms };
});
