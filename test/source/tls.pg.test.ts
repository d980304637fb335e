import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverAccount } from '../../src/commands/embedded-binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';
import { connect, PLAIN_TEXT, reach, target } from '../../src/source/connect.ts';
import { Tail } from '../../src/source/tail.ts';
import { openState } from '../../src/store/database.ts';

/** What the server shows. All but the first two are of our authority. */
const SERVERS = ['plain', 'self-signed', 'wrong-name', 'right', 'no-address', 'expired'] as const;
type Shown = (typeof SERVERS)[number];

const folder = mkdtempSync(join(tmpdir(), 'walhook-pg-tls-'));
const file = (name: string): string => join(folder, name);
let server: EmbeddedPostgres;
let admin: pg.Client;

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function certificate(name: Shown | 'ca' | 'client', { names, from = [] }: { readonly names: string; readonly from?: readonly string[] }): void {
  const subject = name === 'client' ? '/CN=postgres' : `/CN=${name}`;
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', ...(names === '' ? [] : ['-addext', `subjectAltName=${names}`]), ...from);
}

beforeAll(async () => {
  chmodSync(folder, 0o755);
  const ours = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
  certificate('ca', { names: '', from: ['-addext', 'basicConstraints=critical,CA:TRUE'] });
  certificate('self-signed', { names: 'DNS:localhost,IP:127.0.0.1' });
  certificate('wrong-name', { names: 'DNS:db.example.com', from: ours });
  certificate('right', { names: 'DNS:localhost,IP:127.0.0.1', from: ours });
  certificate('no-address', { names: 'DNS:localhost', from: ours });
  // `req` makes none that has ended.
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=expired', '-keyout', 'expired.key', '-out', 'expired.csr', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  openssl('x509', '-req', '-in', 'expired.csr', ...ours, '-CAcreateserial', '-days', '-1', '-copy_extensions', 'copy', '-out', 'expired.pem');
  certificate('client', { names: '', from: ours });
  for (const kind of ['pem', 'key']) give('right', kind);
  server = await startEmbeddedPostgres({ settings: { ssl_ca_file: file('ca.pem'), ssl_cert_file: file('server.pem'), ssl_key_file: file('server.key') } });
  admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`create table items (id int primary key); create publication items for table items`);
  await admin.query(`select pg_create_logical_replication_slot('items', 'pgoutput')`);
});
afterAll(async () => {
  await admin.end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** The server's own file, which nobody else may read. */
function give(shown: Shown, kind: string): void {
  const to = file(`server.${kind}`);
  copyFileSync(file(`${shown}.${kind}`), to);
  const account = serverAccount();
  if (account !== null) chownSync(to, account.uid, account.gid);
  chmodSync(to, 0o600);
}

/** From the next connection on. */
async function show(shown: Shown): Promise<void> {
  if (shown !== 'plain') for (const kind of ['pem', 'key']) give(shown, kind);
  await admin.query(`alter system set ssl = ${shown === 'plain' ? 'off' : 'on'}`);
  const { rows } = await admin.query<{ loaded: string }>('select pg_conf_load_time()::text as loaded');
  await admin.query('select pg_reload_conf()');
  const isLoaded = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const found = await client.query('select from (select 1) as one where pg_conf_load_time() > $1::timestamptz', [rows[0]?.loaded]);
    await client.end();
    return found.rowCount === 1;
  };
  await expect.poll(isLoaded, { timeout: 20_000 }).toBe(true);
}

function urlOf(query: string, host = 'localhost'): string {
  const url = new URL(server.url);
  url.hostname = host;
  return `${url.href}?${query.replace('CA', file('ca.pem')).replace('CERT', file('client.pem')).replace('KEY', file('client.key'))}`;
}

/** `tls`, `plain`, or `no`. */
async function outcome(query: string, host?: string): Promise<string> {
  try {
    const { client } = await connect(target(urlOf(query, host), { environment: {} }));
    const { rows } = await client.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    await client.end();
    return rows[0]?.ssl === true ? 'tls' : 'plain';
  } catch (error) {
    expect(error).toMatchObject({ name: 'WalhookError' });
    return 'no';
  }
}

/** By libpq's manual: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION, in the order of SERVERS. */
const TABLE: readonly (readonly [query: string, expected: readonly string[], host?: string])[] = [
  ['sslmode=disable', ['plain', 'plain', 'plain', 'plain', 'plain', 'plain']],
  ['sslmode=allow', ['plain', 'plain', 'plain', 'plain', 'plain', 'plain']],
  ['sslmode=prefer', ['plain', 'tls', 'tls', 'tls', 'tls', 'tls']],
  ['', ['plain', 'tls', 'tls', 'tls', 'tls', 'tls']],
  ['sslmode=require', ['no', 'tls', 'tls', 'tls', 'tls', 'tls']],
  ['sslmode=require&sslnegotiation=direct', ['no', 'tls', 'tls', 'tls', 'tls', 'tls']],
  ['sslmode=require&sslrootcert=CA', ['no', 'no', 'tls', 'tls', 'tls', 'no']],
  ['sslmode=verify-ca&sslrootcert=CA', ['no', 'no', 'tls', 'tls', 'tls', 'no']],
  ['sslmode=verify-full&sslrootcert=CA', ['no', 'no', 'no', 'tls', 'tls', 'no']],
  ['sslmode=verify-full&sslrootcert=CA&sslnegotiation=direct', ['no', 'no', 'no', 'tls', 'tls', 'no']],
  ['sslmode=verify-full&sslrootcert=CA', ['no', 'no', 'no', 'tls', 'no', 'no'], '127.0.0.1'],
  ['sslmode=verify-full&sslrootcert=CA&sslcert=CERT&sslkey=KEY', ['no', 'no', 'no', 'tls', 'tls', 'no']],
  ['sslmode=verify-full', ['no', 'no', 'no', 'no', 'no', 'no']],
  ['sslrootcert=system', ['no', 'no', 'no', 'no', 'no', 'no']],
  ['sslrootcert=system&sslmode=require', ['no', 'no', 'no', 'no', 'no', 'no']],
  ['sslmode=verify-ca', ['no', 'no', 'no', 'no', 'no', 'no']],
];

test.for(SERVERS)('a server that is %s is connected to as libpq would', async (shown) => {
  await show(shown);
  const column = SERVERS.indexOf(shown);
  for (const [query, expected, host] of TABLE) {
    expect({ query, host, outcome: await outcome(query, host) }).toEqual({ query, host, outcome: expected[column] });
  }
});

describe('a server that is another one, after the first connection, is not connected to', () => {
  test('by the replication stream', async () => {
    await show('right');
    const way = await reach(target(urlOf('sslmode=verify-full&sslrootcert=CA'), { environment: {}, session: PLAIN_TEXT }));
    await show('self-signed');
    const tail = new Tail({ client: way, slot: 'items', publication: 'items', from: 0n, durable: 0n, verify: () => Promise.resolve(), statusInterval: 1_000, deadAfter: 60_000, onMessage: () => undefined, onKeepalive: () => undefined, onStart: () => { throw new Error('it has started'); } });
    await expect(tail.run()).rejects.toThrow(/self-signed/);
  });

  test('by the state', async () => {
    await show('right');
    const state = openState({ client: await reach(target(urlOf('sslmode=verify-full&sslrootcert=CA'), { environment: {} })), schema: 'walhook' });
    await sql`select 1`.execute(state.db);
    await state.close();
    const again = openState({ client: await reach(target(urlOf('sslmode=verify-full&sslrootcert=CA'), { environment: {} })), schema: 'walhook' });
    await show('self-signed');
    await expect(sql`select 1`.execute(again.db)).rejects.toThrow(/self-signed/);
    await again.close();
  });
});
