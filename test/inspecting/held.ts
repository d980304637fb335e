import type { Relation, Tuple } from '../../src/change.ts';
import { NULL, TEXT } from '../../src/change.ts';
import type { HeldChange } from '../../src/held-changes.ts';
import { currentTable } from '../../src/source/current-rows.ts';
import { ReadOnlyDatabase } from '../../src/source/read-only-database.ts';
import type { TestDatabase } from '../support/postgres.ts';

type Values = Readonly<Record<string, string | null>>;

/** An update of a row of a table of schema public, from one set of values to another. */
export async function heldUpdate(db: TestDatabase, table: string, { old, row, deliveries = [] }: { readonly old: Values; readonly row: Values; readonly deliveries?: HeldChange['report']['deliveries'] }): Promise<HeldChange> {
  const database = new ReadOnlyDatabase(db.url);
  const found = await currentTable(database, { schema: 'public', table }, 'walhook');
  await database.close();
  if (found === null) throw new Error(`no table ${table}`);
  const { relation } = found;
  const transaction = { commitLsn: 0x1234n, xid: 7, committedAt: 0n };
  return {
    change: { kind: 'update', relation, transaction, ordinal: 1, tableOrdinal: 1, row: tuple(relation, row), old: tuple(relation, old), oldIsKey: false },
    report: { place: `0000000000001234-1-${relation.oid}`, at: '2000-01-01T00:00:00.000Z', commit_lsn: '0/1234', xid: 7, table: `public.${table}`, operation: 'update', key: { id: row['id'] ?? null }, changed: [], deliveries },
  };
}

function tuple({ columns }: Relation, values: Values): Tuple {
  const texts = columns.map(({ name }) => values[name] ?? null);
  const pieces = texts.map((text) => Buffer.from(text ?? ''));
  const end = Uint32Array.from(pieces.keys(), (index) => pieces.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0));
  const start = Uint32Array.from(pieces.keys(), (index) => (index === 0 ? 0 : (end[index - 1] ?? 0)));
  return { bytes: Buffer.concat(pieces), count: columns.length, kind: Uint8Array.from(texts, (text) => (text === null ? NULL : TEXT)), start, end };
}
