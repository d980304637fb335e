import { expect, test } from 'vitest';
import type { Relation } from '../src/change.ts';
import type { Config, TableConfig } from '../src/config.ts';
import { ConfiguredTables } from '../src/configured-tables.ts';

const items = { schema: 'public', table: 'items' } as TableConfig;
const config = { tables: [{ schema: 'app', table: 'items' } as TableConfig, items] } as unknown as Config;

function relation(oid: number, schema: string, table: string): Relation {
  return { oid, schema, table, replicaIdentity: 'd', columns: [] };
}

function started(): { tables: ConfiguredTables; renamed: string[] } {
  const renamed: string[] = [];
  const found = [{ schema: 'app', table: 'items', relation: null }, { ...items, relation: { oid: 7 } }];
  const tables = new ConfiguredTables({ config, found, since: 100n, onRenamed: (table, { schema, table: name }) => renamed.push(`${table.table} ${schema}.${name}`) });
  return { tables, renamed };
}

test('a relation is the table whose OID it had at the start, whatever its name', () => {
  const { tables, renamed } = started();
  expect(tables.of(relation(7, 'public', 'items'), 200n)).toBe(items);
  expect(tables.of(relation(7, 'public', 'things'), 200n)).toBe(items);
  expect(tables.of(relation(7, 'public', 'things'), 201n)).toBe(items);
  expect(renamed, 'told once').toEqual(['items public.things']);
});

test('an older name, in a transaction from before the start, is no news', () => {
  const { tables, renamed } = started();
  expect(tables.of(relation(7, 'public', 'old_items'), 99n)).toBe(items);
  expect(renamed).toEqual([]);
});

test('a table that was not there at the start is told by its name, schema included', () => {
  const { tables } = started();
  expect(tables.of(relation(8, 'app', 'items'), 200n)).toBe(config.tables[0]);
  expect(tables.of(relation(9, 'other', 'items'), 200n)).toBeNull();
});
