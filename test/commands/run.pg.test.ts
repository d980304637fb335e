import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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
  await daemon.says(/"msg":"the new configuration is applied"/);
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
  const { code, stdout, stderr } = await walhook(['run'], { yaml: broken, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  expect(code).toBe(3);
  // The log has it too, as it has a later end.
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(last).toMatchObject({ level: 'fatal', msg: expect.stringMatching(/^walhook ends: .*no table public\.itmes/), err: { code: expect.any(String) } });
  expect(stderr).toContain('there is no table public.itmes (did you mean "items"?)');
});

test('when the slot is gone it ends, with the reason in its log and no zero', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const daemon = new Cli(['run'], { yaml: yaml(0), env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  await daemon.says(/"msg":"streaming"/);
  await db.sql(`do $$ begin
    loop
      perform pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = current_database();
      begin
        perform pg_drop_replication_slot(current_database());
        exit;
      exception when object_in_use then null; -- it has come back already
      end;
    end loop;
  end $$`);
  const { code, stdout, stderr } = await daemon.result;
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(last).toMatchObject({ level: 'fatal', msg: expect.stringMatching(/^walhook ends: .*slot/), err: { code: expect.any(String) } });
  expect(code).toBeGreaterThan(0);
  expect(stderr).toBe('');
});

test('systemd is told when it streams, that it lives, and when it stops', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-systemd-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Stands in for systemd's own, which writes to the socket.
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\nread -r before < ${folder}/told\necho "$before $*" > ${folder}/told.new && mv ${folder}/told.new ${folder}/told\n`);
  chmodSync(join(folder, 'systemd-notify'), 0o755);
  writeFileSync(join(folder, 'told'), '\n');
  const told = (): string => readFileSync(join(folder, 'told'), 'utf8').trim();

  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const systemd = { NOTIFY_SOCKET: '/run/not-there', WATCHDOG_USEC: '100000', PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  const daemon = new Cli(['run'], { yaml: yaml(0), env: { ...daemonEnvironment({ db, receivers: { RECEIVER: receiver } }), ...systemd } });
  await expect.poll(told, { timeout: 30_000 }).toMatch(/^READY=1 STATUS=streaming( WATCHDOG=1){2}/);
  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });
  expect(told()).toMatch(/^READY=1 STATUS=streaming( WATCHDOG=1)+ STOPPING=1( WATCHDOG=1)*$/);
});
