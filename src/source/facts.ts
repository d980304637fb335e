import type { ReplicaIdentity } from '../change.ts';
import type { Lsn } from '../lsn.ts';

/** Everything the set-up depends on, as the database said it at one moment: plain data, so that what follows from it is pure. */
export interface Facts {
  readonly server: ServerFacts;
  readonly role: RoleFacts;
  /** The configured slot, or null if there is none. */
  readonly slot: SlotFacts | null;
  /** The configured publication, or null if there is none. */
  readonly publication: PublicationFacts | null;
  /** One for each configured table, in the config's order. */
  readonly tables: readonly TableFacts[];
  /** Schemas among those the config names (the state schema included) that exist. */
  readonly schemas: readonly string[];
}

export interface ServerFacts {
  /** server_version_num: 180003. */
  readonly version: number;
  readonly database: string;
  readonly walLevel: string;
  /** A standby, which can neither have a publication made nor, before 16, decode. */
  readonly inRecovery: boolean;
  /** pg_control_system().system_identifier, in decimal. */
  readonly systemId: string;
  readonly timeline: number;
  /** The end of the WAL. */
  readonly currentLsn: Lsn;
  readonly slots: { readonly used: number; readonly max: number };
  readonly senders: { readonly used: number; readonly max: number };
  /** max_slot_wal_keep_size in bytes; null: no limit. */
  readonly slotWalLimit: number | null;
  /** wal_sender_timeout in milliseconds; 0: off. */
  readonly senderTimeout: number;
  /** synchronized_standby_slots; null before Postgres 17. */
  readonly synchronizedStandbySlots: string | null;
}

export interface RoleFacts {
  readonly name: string;
  readonly superuser: boolean;
  /** May use replication: the attribute, a superuser, or a cloud's stand-in for it (rds_replication). */
  readonly replication: boolean;
  /** The server is Amazon's, where replication is granted by membership in rds_replication. */
  readonly rds: boolean;
  /** May create schemas and publications in this database. */
  readonly create: boolean;
}

export interface SlotFacts {
  readonly plugin: string | null;
  /** Null for a physical slot. */
  readonly database: string | null;
  readonly temporary: boolean;
  readonly activePid: number | null;
  /** `reserved`, `extended`, `unreserved` or `lost`; null where Postgres does not say. */
  readonly walStatus: string | null;
  /** Bytes of WAL until the slot may be lost; null: no limit, or lost. */
  readonly safeWalSize: number | null;
  /** Why it is invalidated; null if it is not, or before Postgres 17. */
  readonly invalidation: string | null;
  /** Kept in step on standbys; null before Postgres 17. */
  readonly failover: boolean | null;
  readonly confirmedFlushLsn: Lsn | null;
  readonly restartLsn: Lsn | null;
}

export interface PublicationFacts {
  readonly oid: number;
  readonly owned: boolean;
  readonly owner: string;
  readonly allTables: boolean;
  /** Schemas it publishes as a whole. */
  readonly schemas: readonly string[];
  readonly publishes: { readonly insert: boolean; readonly update: boolean; readonly delete: boolean; readonly truncate: boolean };
  readonly viaRoot: boolean;
  /** publish_generated_columns; null before Postgres 18. */
  readonly generatedColumns: 'none' | 'stored' | null;
  /** Tables that were added by name. */
  readonly tables: readonly PublishedTable[];
}

export interface PublishedTable {
  /** Of its membership: a new one when it is added again, or its columns or row filter are altered. */
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  /** Null: all columns. */
  readonly columns: readonly string[] | null;
  readonly rowFilter: boolean;
}

export type TableKind = 'table' | 'partitioned table' | 'view' | 'materialized view' | 'foreign table' | 'sequence' | 'other';

export interface TableFacts {
  readonly schema: string;
  readonly table: string;
  /** Null if there is no such relation. */
  readonly relation: RelationFacts | null;
  /** Names that it might have been meant to be. */
  readonly siblings: readonly string[];
}

export interface RelationFacts {
  readonly oid: number;
  readonly kind: TableKind;
  readonly persistence: 'permanent' | 'unlogged' | 'temporary';
  /** In a schema of Postgres' own, which publications leave out. */
  readonly system: boolean;
  readonly owner: string;
  /** The role may alter it. */
  readonly owned: boolean;
  readonly columns: readonly ColumnFacts[];
  /** In key order; null if there is none. */
  readonly primaryKey: readonly string[] | null;
  readonly identity: IdentityFacts;
  /** Every table below a partitioned one, at any depth. */
  readonly partitions: readonly PartitionFacts[];
  /** The topmost table it is a partition of. */
  readonly partitionOf: { readonly schema: string; readonly table: string } | null;
  /** Other publications that hold it. */
  readonly otherPublications: readonly OtherPublication[];
}

export interface ColumnFacts {
  readonly name: string;
  readonly typeOid: number;
  /** Of a domain the type below it, else `typeOid` again. */
  readonly baseOid: number;
  /** As format_type gives it: `character varying(20)`. */
  readonly type: string;
  readonly notNull: boolean;
  readonly generated: 'stored' | 'virtual' | null;
  /** Its values may be stored out of line, and then an UPDATE that leaves them alone does not log them. */
  readonly toastable: boolean;
}

/** What a relation's UPDATE and DELETE log of the old row. */
export interface IdentityFacts {
  readonly setting: ReplicaIdentity;
  /** The columns that are logged; empty if there are none, in which case a published table refuses UPDATE and DELETE. */
  readonly columns: readonly string[];
}

export interface PartitionFacts {
  readonly schema: string;
  readonly table: string;
  /** Holds rows itself: not a partitioned table below another. */
  readonly leaf: boolean;
  readonly kind: TableKind;
  readonly owned: boolean;
  readonly identity: IdentityFacts;
}

export interface OtherPublication {
  readonly name: string;
  /** Publishes updates or deletes, so that the replica identity matters to it. */
  readonly needsIdentity: boolean;
  readonly generatedColumns: 'none' | 'stored' | null;
  /** It names columns for this table, which REPLICA IDENTITY FULL does not go with. */
  readonly columnList: boolean;
}
