import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Cli, walhook } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';

const TABLE = 'create table items (id int primary key, secret_name text)';

function yaml(port: number, more = ''): string {
  return `${HEAD}server: { listen: "127.0.0.1:${port}", token: "0123456789abcdef" }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: items, table: items, to: crm }]
${more}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('it delivers, tells how it is, survives SIGHUP, and drains on SIGTERM', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const options = { yaml: yaml(await freePort()), env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const daemon = new Cli(['run'], options);
  await daemon.says(/"msg":"streaming"/);
  expect(await walhook(['healthcheck', '--ready'], options)).toMatchObject({ code: 0 });

  daemon.signal('SIGHUP');
  await daemon.says(/SIGHUP: reload is not supported yet; nothing has changed/);
  const arrived = receiver.received(1);
  await db.sql(`insert into items values (1, 'of a row')`);
  await arrived;

  const status = await walhook(['status'], options);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/walhook \S+ is streaming/);
  expect(status.stdout).toMatch(/slot \S+ is being read, WAL reserved/);
  const json = JSON.parse((await walhook(['status', '--json'], options)).stdout);
  expect(json).toMatchObject({
    daemon: { state: 'streaming', problems: [], endpoints: [{ name: 'crm', delivered: 1, parked: 0, dead: 0 }] },
    slot: { active: true },
    endpoints: [{ name: 'crm', parked: 0, dead: 0, live: { mode: 'direct' } }],
  });

  daemon.signal('SIGTERM');
  const { code, stdout, stderr } = await daemon.result;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('"msg":"drained and stopped"');
  for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
  expect(stdout).not.toContain('of a row');
});

test('while it drains it is alive but not ready, and a second signal ends it at once with 1', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver({ answer: () => 'never' });
  const port = await freePort();
  const daemon = new Cli(['run'], { yaml: yaml(port, 'limits: { shutdown: 1m }\n'), env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  await daemon.says(/"msg":"streaming"/);
  const arrived = receiver.received(1);
  await db.sql(`insert into items values (1, 'x')`);
  await arrived;
  daemon.signal('SIGINT');
  await daemon.says(/"msg":"draining"/);
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ reasons: expect.arrayContaining(['state is draining']) });
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  daemon.signal('SIGINT');
  expect(await daemon.result).toMatchObject({ code: 1 });
});

test('a port in use ends it with one clear line, before it touches the database', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const port = Number(new URL(receiver.url).port);
  const { code, stderr } = await walhook(['run'], { yaml: yaml(port), env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  expect(code).toBe(1);
  expect(stderr).toBe(`walhook: server.listen: port ${port} of 127.0.0.1 is in use, perhaps by another walhook\n  server: { listen: 127.0.0.1:${port + 1} }\n`);
  expect(await db.sql("select 1 from pg_namespace where nspname = 'walhook'")).toEqual([]);
});

test('what the database lacks ends it before it streams, with the reason and its code', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const broken = yaml(0).replace('table: items', 'table: itmes');
  const { code, stderr } = await walhook(['run'], { yaml: broken, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  expect(code).toBe(3);
  expect(stderr).toContain('there is no table public.itmes (did you mean "items"?)');
});
