import { RestartablePostgres } from '../../support/restartable-postgres.ts';

/** The Postgres of a run. */
export interface SuiteServer {
  /** Superuser URL. */
  readonly url: string;
  /** Null if it is not ours to stop. */
  readonly own: RestartablePostgres | null;
  stop(): Promise<void>;
}

const SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_connections: '100',
  max_wal_senders: '20',
  max_replication_slots: '20',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  autovacuum: 'off',
  log_min_messages: 'fatal',
};

/** One that is given by URL, and is left as it was; or an embedded one that may be restarted. */
export async function suiteServer(url: string | null): Promise<SuiteServer> {
  if (url !== null) return { url, own: null, stop: async () => {} };
  const own = await RestartablePostgres.start(SETTINGS);
  return { url: own.url, own, stop: () => own.stop() };
}
