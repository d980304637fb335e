import { expect, test, vi } from 'vitest';
import { Cli } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

vi.setConfig({ testTimeout: 180_000 });

const GIVE_UP = { status: 422, headers: { 'webhook-delivery': 'abort-message' }, body: 'no' };
/** Several parts of a bulk action. */
const MANY = 60_000;

test('Ctrl-C cancels what a daemon does in the background, and says how many were done; the rest is done next time', async () => {
  const db = await testDatabase('create table items (id int primary key)');
  const receiver = await testReceiver();
  receiver.answer = () => GIVE_UP;
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${await freePort()}" }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: items, table: items, to: crm }]\n`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const daemon = new Cli(['run'], options);
  await daemon.says(/"msg":"streaming"/);
  await db.sql('insert into items values (1)');
  const dead = async (): Promise<number> => Number((await db.sql<{ count: string }>('select count(*) from walhook.dead'))[0]?.count);
  await expect.poll(dead, { timeout: 30_000, interval: 20 }).toBe(1);
  const columns = (await db.sql<{ name: string }>(`select attname as name from pg_attribute where attrelid = 'walhook.dead'::regclass and attnum > 0 and not attisdropped and attname not in ('key', 'id') and attgenerated = ''`)).map(({ name }) => name).join(', ');
  await db.sql(`insert into walhook.dead (key, id, ${columns}) select key || '-' || n, id || '-' || n, ${columns} from walhook.dead, generate_series(2, ${MANY}) n`);
  expect(await dead()).toBe(MANY);

  const stop = new AbortController();
  // The first part is done once rows are gone.
  const stopping = (async () => {
    await expect.poll(dead, { timeout: 60_000, interval: 5 }).toBeLessThan(MANY);
    stop.abort('SIGINT');
  })();
  const cancelled = await command(['discard', '--all', '--yes', '--json'], options, stop.signal);
  await stopping;
  const report = JSON.parse(cancelled.stdout) as { cancelled: boolean; count: number };
  expect(cancelled.code).toBe(1);
  expect(report).toMatchObject({ action: 'discard', cancelled: true });
  expect(report.count).toBeGreaterThan(0);
  expect(report.count).toBeLessThan(MANY);
  expect(await dead()).toBe(MANY - report.count);

  const rest = await command(['discard', '--since', '1d', '--yes'], options);
  expect(rest).toMatchObject({ code: 0, stdout: `${MANY - report.count} dead letters of crm forgotten\n`, stderr: '' });
  expect(await dead()).toBe(0);
  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });
});
