import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import { startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';

export interface TestServer {
  /** Superuser URL. */
  readonly url: string;
  stop(): Promise<void>;
}

const SETTINGS: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  max_connections: '300',
  max_wal_senders: '100',
  max_replication_slots: '100',
  max_worker_processes: '8',
  max_prepared_transactions: '20',
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  autovacuum: 'off',
  log_min_messages: 'fatal',
};

/**
 * The Postgres of a test run, by environment:
 * `WALHOOK_TEST_PG_URL` a superuser URL of a server with wal_level=logical, which is left as it was;
 * `WALHOOK_TEST_PG=testcontainers` a container of `WALHOOK_TEST_PG_IMAGE` (default postgres:18);
 * otherwise Postgres 18 from embedded-postgres. `WALHOOK_TEST_PG_LOG=1` shows the server's log.
 */
export async function startServer(): Promise<TestServer> {
  const given = process.env['WALHOOK_TEST_PG_URL'];
  if (given !== undefined && given !== '') return { url: given, stop: async () => {} };

  const kind = process.env['WALHOOK_TEST_PG'] ?? 'embedded';
  const verbose = process.env['WALHOOK_TEST_PG_LOG'] === '1';
  const settings = verbose ? { ...SETTINGS, log_min_messages: 'log' } : SETTINGS;
  if (kind === 'testcontainers') return startContainer(process.env['WALHOOK_TEST_PG_IMAGE'] ?? 'postgres:18', settings);
  if (kind !== 'embedded') throw new Error(`WALHOOK_TEST_PG is "${kind}": expected "embedded" or "testcontainers"`);
  return startEmbeddedPostgres({ settings, ...(verbose ? { log: (line: string) => process.stderr.write(`${line}\n`) } : {}) });
}

async function startContainer(image: string, settings: Readonly<Record<string, string>>): Promise<TestServer> {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'; // we stop it ourselves, and its image is not everywhere
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: 'walhook' })
    .withCommand(['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
    .withExposedPorts(5432)
    .start();
  const url = `postgres://postgres:walhook@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  const stop = async (): Promise<void> => {
    await container.stop({ timeout: 0, removeVolumes: true });
  };
  try {
    await untilAccepting(url, container);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** The image runs a server without TCP while it sets itself up, so the first connection over TCP meets the real one. */
async function untilAccepting(url: string, container: StartedTestContainer): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      return;
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`no answer from container ${container.getId()}`, { cause });
      await sleep(100);
    } finally {
      await client.end().catch(() => {});
    }
  }
}
