/** Whose Postgres it is: what a role that replicates is made with differs. */
export const PROVIDERS = ['plain', 'rds', 'cloudsql', 'supabase', 'azure'] as const;
export type Provider = (typeof PROVIDERS)[number];

export interface ProviderRules {
  /** How a role is let replicate; the role's name, quoted, in the place of `<role>`. */
  readonly replication: string;
  /** The administrator is no superuser: to make a schema for a role it must be a member of it. */
  readonly limited: boolean;
  /** What is to be done outside of SQL, or known, a line each. */
  readonly notes: readonly string[];
}

const ATTRIBUTE = 'ALTER ROLE <role> REPLICATION;';

export const PROVIDER_RULES: Readonly<Record<Provider, ProviderRules>> = {
  plain: { replication: ATTRIBUTE, limited: false, notes: [] },
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html
  rds: {
    replication: 'GRANT rds_replication TO <role>;',
    limited: true,
    notes: ['run this as a role that has rds_superuser', 'in the parameter group: rds.logical_replication = 1, then restart; Aurora: in that of the cluster'],
  },
  // https://cloud.google.com/sql/docs/postgres/replication/configure-logical-replication
  cloudsql: {
    replication: ATTRIBUTE,
    limited: true,
    notes: ['run this as postgres, which has cloudsqlsuperuser', 'the flag of the instance: cloudsql.logical_decoding = on, then restart'],
  },
  // https://supabase.com/docs/guides/database/postgres/roles-superuser
  // https://supabase.com/docs/guides/database/replication/manual-replication-faq
  supabase: {
    replication: ATTRIBUTE,
    limited: true,
    notes: [
      'run this as postgres, in the SQL editor; wal_level is logical already',
      'connect directly (db.<project>.supabase.co:5432): replication does not go through the pooler',
      'where tables have row-level security, backfill and enrich see rows only if a policy lets the role, or by: ALTER ROLE <role> BYPASSRLS',
    ],
  },
  // https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-logical
  azure: {
    replication: ATTRIBUTE,
    limited: true,
    notes: ['run this as the administrator, which has azure_pg_admin', 'the server parameter wal_level = logical, then restart'],
  },
};
