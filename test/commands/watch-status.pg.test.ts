import { expect, test, vi } from 'vitest';
import { Cli } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

vi.setConfig({ testTimeout: 120_000 });

test('status --watch outlives the daemon going and coming back, and ends on SIGINT with 0', async () => {
  const db = await testDatabase('create table items (id int primary key)');
  const receiver = await testReceiver();
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${await freePort()}" }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: items, table: items, to: crm }]\n`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const watch = new Cli(['status', '--watch', '--interval', '200ms', '--json'], options);
  const states = (): (string | null)[] => watch.stdout.split('\n').slice(0, -1).map((line) => (JSON.parse(line) as { daemon: { state: string } | null }).daemon?.state ?? null);
  const until = async (state: string | null): Promise<void> => {
    const before = states().length;
    await expect.poll(() => states().slice(before), { timeout: 30_000, interval: 20 }).toContain(state);
  };
  await until(null);
  for (let round = 0; round < 2; round++) {
    const daemon = new Cli(['run'], options);
    await until('streaming');
    daemon.signal(round === 0 ? 'SIGKILL' : 'SIGTERM');
    await daemon.result;
    await until(null);
  }
  watch.signal('SIGINT');
  expect(await watch.result).toMatchObject({ code: 0, signal: null, stderr: '' });
});
