import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { TOKEN } from '../observe/asking.ts';
import { Cli } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

vi.setConfig({ testTimeout: 60_000 });

test('a reload that is asked for over HTTP is answered, also when the server moves with it', async () => {
  const db = await testDatabase('create table items (id int primary key)');
  const receiver = await testReceiver();
  const folder = mkdtempSync(join(tmpdir(), 'walhook-moved-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'walhook.yaml');
  const listen = (address: string): void => writeFileSync(path, `${HEAD}server: { listen: "${address}", token: "${TOKEN}" }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: items, table: items, to: crm }]\n`);
  const [first, second] = [await freePort(), await freePort()];
  listen(`127.0.0.1:${first}`);
  const daemon = new Cli(['run', '-c', path], { env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  await daemon.says(/"msg":"streaming"/);
  const reload = (port: number): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/api/v1/config/reload`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }, body: '{}' });

  listen(`127.0.0.1:${second}`);
  expect((await reload(first)).status).toBe(200);
  await expect(fetch(`http://127.0.0.1:${first}/healthz`)).rejects.toThrow('fetch failed');
  // The same port of more addresses.
  listen(`0.0.0.0:${second}`);
  expect((await reload(second)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${second}/healthz`)).status).toBe(200);

  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });
});
