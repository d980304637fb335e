import { sql } from 'kysely';
import { sqlState } from '../reaction.ts';
import { keyMissing, sealedPrefix } from './cipher.ts';
import type { StateDatabase } from './database.ts';
import { guarded } from './store-error.ts';

/**
 * Before anything is read or sealed: remembers the key that seals, and makes sure that every key is there by which something
 * is sealed still. A key that is gone, and has nothing left, is forgotten; only then are all rows looked at.
 *
 * @throws WalhookError `state_key`
 */
export function useKeys(state: StateDatabase): Promise<void> {
  return guarded('look after the keys of its state', async () => {
    const { sealsBy } = state.cipher;
    await refuseMissing(state, (id) => sql`delete from ${table(state)} where id = ${id}`.execute(state.db));
    // Not a write that a takeover has to fence: whoever comes later has to know of it all the same.
    if (sealsBy !== null) await sql`insert into ${table(state)} (id) values (${sealsBy}) on conflict do nothing`.execute(state.db);
  });
}

/** As `useKeys`, and changes nothing. */
export function refuseMissingKeys(state: StateDatabase): Promise<void> {
  return guarded('look after the keys of its state', () =>
    refuseMissing(state, () => Promise.resolve()).catch((error: unknown) => {
      // A schema from before there were keys has none.
      if (sqlState(error) !== UNDEFINED_TABLE) throw error;
    }),
  );
}

async function refuseMissing(state: StateDatabase, forget: (id: string) => Promise<unknown>): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from ${table(state)} where id <> all(${[...state.cipher.ids]}::text[])`.execute(state.db);
  for (const { id } of rows) {
    const { rows: found } = await sql<{ fate: string }>`
      ${sealedBy(state, 'parked', id)} union all ${sealedBy(state, 'dead', id)} union all ${sealedBy(state, 'history', id)}`.execute(state.db);
    if (found.length > 0) throw keyMissing(id, `what is ${found.map(({ fate }) => fate).join(' and ')}`);
    await forget(id);
  }
}

function sealedBy(state: StateDatabase, fate: 'parked' | 'dead' | 'history', id: string) {
  const { bytes, text } = sealedPrefix(id);
  return sql`(
    select ${fate === 'history' ? 'in the history' : fate}::text as fate from ${sql.id(state.schema, fate)}
    where substring(body from 1 for ${bytes.length}::integer) = ${bytes} or starts_with(response, ${text}) or starts_with(path, ${text}) or starts_with(headers, ${text})
    limit 1
  )`;
}

const UNDEFINED_TABLE = '42P01';

function table(state: StateDatabase) {
  return sql.id(state.schema, 'sealing_key');
}
