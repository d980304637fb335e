import type { Checked } from '../commands/check-findings.ts';
import type { Config } from '../config.ts';
import type { DatabaseReport, SlotReport, TableReport } from '../inspection.ts';
import type { Facts, RelationFacts, TableFacts } from '../source/facts.ts';
import type { TableSize } from '../source/table-sizes.ts';

export interface DatabaseFacts extends Checked {
  readonly config: Config;
  readonly slot: SlotReport;
  readonly sizes: readonly TableSize[];
}

/** Then it is this daemon that reads the slot, of which only somebody else need be told. */
const READING: ReadonlySet<SlotReport['state']> = new Set(['streaming', 'draining']);

export function databaseReport({ config, facts, findings, slot, sizes }: DatabaseFacts): DatabaseReport {
  const { server, publication } = facts;
  const whole = publication === null ? [] : publication.allTables ? ['all tables'] : publication.schemas.map((schema) => `all tables of ${schema}`);
  return {
    server: { version: versionText(server.version), database: server.database, wal_level: server.walLevel, in_recovery: server.inRecovery },
    findings: findings.filter(({ code }) => !(code === 'slot_in_use' && READING.has(slot.state))).map(({ code, severity, message, fix, path, managed }) => ({ code, severity, message, fix, path, managed })),
    publication: {
      name: config.source.publication,
      exists: publication !== null,
      tables: [...whole, ...(publication?.tables ?? []).map(({ schema, table }) => `${schema}.${table}`)],
    },
    slot,
    tables: config.tables.map((table, index) => {
      const found = facts.tables[index] ?? null;
      const hooks = config.hooks.filter((hook) => hook.schema === table.schema && hook.table === table.table).map(({ name }) => name);
      return tableReport({ found, key: table.key, name: `${table.schema}.${table.table}`, hooks }, facts, sizes);
    }),
  };
}

interface Configured {
  readonly found: TableFacts | null;
  readonly key: readonly string[] | null;
  readonly name: string;
  readonly hooks: readonly string[];
}

function tableReport({ found, key, name, hooks }: Configured, facts: Facts, sizes: readonly TableSize[]): TableReport {
  const relation = found?.relation ?? null;
  const size = relation === null ? null : (sizes.find(({ oid }) => oid === relation.oid) ?? null);
  return {
    name,
    exists: relation !== null,
    key: key ?? relation?.primaryKey ?? [],
    replica_identity: relation === null ? null : IDENTITIES[relation.identity.setting],
    published: found !== null && relation !== null && isPublished(found, relation, facts),
    rows_estimated: size?.rows ?? null,
    bytes: size?.bytes ?? null,
    hooks,
  };
}

const IDENTITIES = { d: 'default', f: 'full', i: 'index', n: 'nothing' } as const;

/** By name, by its schema, with all others, or by the table that it is a partition of. */
function isPublished({ schema, table }: TableFacts, { partitionOf }: RelationFacts, { publication }: Facts): boolean {
  if (publication === null) return false;
  if (publication.allTables || publication.schemas.includes(schema)) return true;
  const names = [{ schema, table }, ...(partitionOf === null ? [] : [partitionOf])];
  return publication.tables.some((one) => names.some((name) => one.schema === name.schema && one.table === name.table));
}

/** `18.3` of 180003. */
function versionText(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`;
}
