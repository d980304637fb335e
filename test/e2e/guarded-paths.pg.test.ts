import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { Cli, walhook } from '../support/cli.ts';
import { startDaemon, testDatabase } from '../support/daemon.ts';

/** What must not be reached: a server on loopback that counts who comes. */
async function canary(): Promise<{ readonly port: number; readonly visits: () => number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, visits: () => sockets.length };
}

const RETRY = { initial: '20ms', factor: 1, jitter: 0, attempts: 3 };
const OAUTH2 = { client_id: 'walhook', client_secret: 'not-to-be-told' };

test('deliveries, batches, the request for a token and notices: none of them goes to an address that is not allowed', async () => {
  const db = await testDatabase('create table items (id int primary key)');
  const { port, visits } = await canary();
  // Names and literals, http and https. `localhost` is resolved anew for each connection.
  const endpoints = {
    single: { url: `http://localhost:${port}/`, retry: RETRY },
    secure: { url: `https://localhost:${port}/`, retry: RETRY },
    literal: { url: `http://0x7f.1:${port}/`, retry: RETRY },
    mapped: { url: `https://[::ffff:127.0.0.1]:${port}/`, retry: RETRY },
    batch: { url: `http://localhost:${port}/`, retry: RETRY, batch: { size: 10, linger: '10ms' } },
    // The endpoint itself would be a public address: the token comes first.
    token: { url: 'https://192.0.0.9/', retry: RETRY, oauth2: { ...OAUTH2, token_url: `https://localhost:${port}/token` } },
    ops: { url: `http://localhost:${port}/`, retry: RETRY },
  };
  const names = Object.keys(endpoints).filter((name) => name !== 'ops');
  const yaml = stringify({
    version: 1,
    source: { url: '${DATABASE_URL}', slot: '${SLOT}' },
    endpoints,
    hooks: [{ name: 'items', table: 'items', to: names }],
    notify: { to: ['ops'] },
  });
  const daemon = await startDaemon({ db, yaml, receivers: {} });
  await db.sql('insert into items values (1)');
  const dead = () => db.sql<{ endpoint: string; failure: string; message: string }>('select endpoint, failure, message from walhook.dead order by endpoint');
  await expect.poll(async () => (await dead()).length, { timeout: 30_000 }).toBe(names.length);
  await expect.poll(() => daemon.logged(/the notice cannot be sent/).length, { timeout: 20_000 }).toBeGreaterThan(0);
  for (const { endpoint, failure, message } of await dead()) {
    expect({ endpoint, failure }).toEqual({ endpoint, failure: 'blocked_address' });
    expect(message).toContain(`endpoints.${endpoint}.network.allow: [`);
  }
  expect(daemon.logged(/the notice cannot be sent/)[0]?.['msg']).toMatch(/is not a public address/);
  expect(visits()).toBe(0);
});

test('walhook send and render --send are guarded as the daemon is, and no proxy of the environment is asked', async () => {
  const db = await testDatabase('create table items (id int primary key); insert into items values (1)');
  const { port, visits } = await canary();
  const proxy = await canary();
  const proxies = Object.fromEntries(['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()].map((key) => [key, `http://127.0.0.1:${proxy.port}`])));
  const env = { DATABASE_URL: db.url, NODE_USE_ENV_PROXY: '1', NODE_OPTIONS: '--use-env-proxy', ...proxies };
  const yaml = stringify({
    version: 1,
    source: { url: '${DATABASE_URL}', slot: db.name },
    endpoints: { name: { url: `https://localhost:${port}/` }, literal: { url: `http://2130706433:${port}/` }, token: { url: 'https://192.0.0.9/', oauth2: { ...OAUTH2, token_url: `http://127.0.0.1:${port}/` } } },
    hooks: [{ name: 'items', table: 'items', to: ['name', 'literal', 'token'] }],
  });
  const results = await Promise.all([...['name', 'literal', 'token'].map((name) => walhook(['send', name], { env, yaml })), walhook(['render', 'items', '--key', 'id=1', '--send'], { env, yaml })]);
  for (const { code, stdout } of results) {
    expect(code).toBe(1);
    expect(stdout).toContain('is not a public address; to allow it: endpoints.');
  }
  expect(visits() + proxy.visits()).toBe(0);
});

test.for(['http://169.254.169.254/latest/meta-data/', 'http://[fd00:ec2::254]/', 'http://168.63.129.16/machine', 'http://0.0.0.0:9/'])('listen --forward-to %s: what its user names may be private, but never metadata', async (url) => {
  const db = await testDatabase('create table items (id int primary key)');
  const listen = new Cli(['listen', db.url, '-t', 'items', '--forward-to', url]);
  await listen.says(/signed with.*\n/);
  await db.sql('insert into items values (1)');
  await listen.says(/is not a public address/);
});
