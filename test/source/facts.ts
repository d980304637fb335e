import type { ColumnFacts, Facts, IdentityFacts, PartitionFacts, PublicationFacts, RelationFacts, ServerFacts, SlotFacts } from '../../src/source/facts.ts';

/** A healthy Postgres 18 with one table `profiles`, as it is after `setup`, with REPLICA IDENTITY FULL. */
export function factsOf(parts: {
  readonly server?: Partial<ServerFacts>;
  readonly role?: Partial<Facts['role']>;
  readonly slot?: Partial<SlotFacts> | null;
  readonly publication?: Partial<PublicationFacts> | null;
  readonly relation?: Partial<RelationFacts> | null;
  readonly siblings?: readonly string[];
  readonly schemas?: readonly string[];
} = {}): Facts {
  return {
    server: {
      version: 180_000, database: 'app', walLevel: 'logical', inRecovery: false, systemId: '77', timeline: 1, currentLsn: 0x300n,
      slots: { used: 1, max: 10 }, senders: { used: 1, max: 10 }, slotWalLimit: 1e10, senderTimeout: 60_000, synchronizedStandbySlots: '', ...parts.server,
    },
    role: { name: 'walhook', superuser: false, replication: true, rds: false, create: true, ...parts.role },
    slot: parts.slot === null ? null : { ...SLOT, ...parts.slot },
    publication: parts.publication === null ? null : { ...PUBLICATION, ...parts.publication },
    tables: [{ schema: 'public', table: 'profiles', relation: parts.relation === null ? null : { ...RELATION, ...parts.relation }, siblings: parts.siblings ?? [] }],
    schemas: parts.schemas ?? ['public', 'walhook'],
  };
}

export function column(name: string, more: Partial<ColumnFacts> = {}): ColumnFacts {
  return { name, typeOid: 25, baseOid: 25, type: 'text', notNull: false, generated: null, toastable: true, ...more };
}

export function identity(setting: IdentityFacts['setting'], ...columns: string[]): IdentityFacts {
  return { setting, columns };
}

export function partition(table: string, more: Partial<PartitionFacts> = {}): PartitionFacts {
  return { schema: 'public', table, leaf: true, kind: 'table', owned: true, identity: identity('d', 'user_id'), ...more };
}

const SLOT: SlotFacts = {
  plugin: 'pgoutput', database: 'app', temporary: false, activePid: null, walStatus: 'reserved', safeWalSize: 1e9,
  invalidation: null, failover: false, confirmedFlushLsn: 0x200n, restartLsn: 0x100n,
};

const PUBLICATION: PublicationFacts = {
  oid: 16_450,
  owned: true, owner: 'walhook', allTables: false, schemas: [], viaRoot: true, generatedColumns: 'stored',
  publishes: { insert: true, update: true, delete: true, truncate: true },
  tables: [{ oid: 16_500, schema: 'public', table: 'profiles', columns: null, rowFilter: false }],
};

const COLUMNS = ['user_id', 'email', 'phone', 'country'];

const RELATION: RelationFacts = {
  oid: 16_400, kind: 'table', persistence: 'permanent', system: false, owner: 'app', owned: true,
  columns: [
    ...COLUMNS.map((name) => column(name)),
    column('country_visible', { typeOid: 16, baseOid: 16, type: 'boolean', toastable: false }),
    column('privacy', { typeOid: 3802, baseOid: 3802, type: 'jsonb' }),
  ],
  primaryKey: ['user_id'], identity: identity('f', ...COLUMNS, 'country_visible', 'privacy'),
  partitions: [], partitionOf: null, otherPublications: [],
};
