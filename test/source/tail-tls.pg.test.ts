import { chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverAccount } from '../../src/commands/embedded-binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';
import { PLAIN_TEXT, reach, target } from '../../src/source/connect.ts';
import { Tail } from '../../src/source/tail.ts';

const ROWS = 20_000;
/** Milliseconds for all rows: with a rest for each it would be twice as much. */
const TIME = 10_000;

let folder: string;
let server: EmbeddedPostgres;
let url: string;
let client: pg.Client;

/** A server that speaks TLS, with a certificate of its own, and a slot with rows behind it. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'walhook-tls-'));
  await chmod(folder, 0o755);
  const account = serverAccount();
  for (const name of ['receiver.pem', 'receiver.key']) {
    copyFileSync(new URL(`../deliver/certificates/${name}`, import.meta.url), join(folder, name));
    if (account !== null) chownSync(join(folder, name), account.uid, account.gid);
  }
  await chmod(join(folder, 'receiver.key'), 0o600);
  server = await startEmbeddedPostgres({ settings: { ssl: 'on', ssl_cert_file: join(folder, 'receiver.pem'), ssl_key_file: join(folder, 'receiver.key') } });
  url = `${server.url}?sslmode=require`;
  client = new pg.Client(target(url).attempts[0]);
  await client.connect();
  await client.query('create table items (id int primary key); create publication items for table items');
  await client.query(`select pg_create_logical_replication_slot('items', 'pgoutput')`);
  await client.query(`insert into items select generate_series(1, ${ROWS})`);
});
afterAll(async () => {
  await client.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('over TLS a backlog is read without a rest for each row', { timeout: TIME }, async () => {
  expect((await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows).toEqual([{ ssl: true }]);
  const ids: number[] = [];
  const tail: Tail = new Tail({
    client: await reach(target(url, { session: PLAIN_TEXT })),
    slot: 'items',
    publication: 'items',
    from: 0n,
    durable: 0n,
    verify: () => Promise.resolve(),
    statusInterval: 1_000,
    deadAfter: 60_000,
    onMessage: (bytes) => {
      // Insert: tag, relation, 'N', count of columns, 't', length, text. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
      if (bytes.toString('latin1', 0, 1) === 'I') ids.push(Number(bytes.toString('latin1', 13)));
      if (bytes.toString('latin1', 0, 1) === 'C') void tail.stop();
    },
    onKeepalive: () => undefined,
    onStart: () => undefined,
  });
  await tail.run();
  expect(ids).toEqual(Array.from({ length: ROWS }, (_, i) => i + 1));
});
