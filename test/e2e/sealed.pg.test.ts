import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Cli, walhook } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

const PARKING = { retry: '{ initial: 50ms, factor: 1, jitter: 0, attempts: 1000 }', breaker: '{ failures: 1, open: 50ms }' };

function keyFiles(): { readonly first: string; readonly second: string; readonly loose: string } {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-sealed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = (name: string, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, randomBytes(32).toString('base64'), { mode });
    return path;
  };
  return { first: file('first', 0o600), second: file('second', 0o600), loose: file('loose', 0o644) };
}

const yamlOf = (encryption: string, port = 0): string => `${HEAD}server: { listen: '127.0.0.1:${port}' }
state: { encryption: ${encryption} }
endpoints: { crm: ${endpoint(PARKING)} }
hooks: [{ name: crm, table: items, to: crm, path: "/hooks/\${{ row.name }}" }]
`.replace('state: { encryption:  }\n', '');

test('what is parked survives kill -9 sealed, waits for a key that is missing, and is delivered once it is there, in order', async () => {
  const keys = keyFiles();
  const db = await testDatabase('create table items (id int primary key, name text)');
  const receiver = await testReceiver({ answer: () => 503 });
  const env = { ...daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const killed = new Cli(['run'], { env, yaml: yamlOf(`{ keys: ${keys.first} }`) });
  await killed.says(/streaming/);
  await db.sql(`insert into items select i, 'ada' from generate_series(1, 20) i`);
  const parked = async (): Promise<number> => (await db.sql('select from walhook.parked')).length;
  await expect.poll(parked, { timeout: 30_000 }).toBe(20);
  killed.signal('SIGKILL');
  await killed.result;
  const leaks = await db.sql(`select from walhook.parked where position('ada'::bytea in body) > 0 or path like '%ada%'`);
  expect(leaks).toEqual([]);

  for (const wrong of ['', `{ keys: ${keys.second} }`, `{ keys: ${keys.first}.gone }`]) {
    const { code, stdout, stderr } = await walhook(['run'], { env, yaml: yamlOf(wrong) });
    expect({ wrong, code }).toEqual({ wrong, code: 78 });
    expect(stdout + stderr).toMatch(/state\.encryption\.keys/);
    const checked = await walhook(['check', '--json'], { env, yaml: yamlOf(wrong) });
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: false, findings: expect.arrayContaining([expect.objectContaining({ code: 'state_key', severity: 'error' })]) });
  }
  expect(await parked()).toBe(20);
  expect(await db.sql('select from walhook.dead')).toEqual([]);

  receiver.answer = () => 204;
  await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf(`{ keys: [${keys.second}, ${keys.first}] }`) });
  await receiver.until(() => receiver.delivered === 20);
  const delivered = receiver.requests.filter(({ status }) => status === 204);
  expect(new Set(delivered.map(({ url }) => url))).toEqual(new Set(['/hooks/ada']));
  expect(receiver.refused).toEqual([]);
  const checked = await walhook(['check'], { env, yaml: yamlOf(`{ keys: [${keys.second}, ${keys.loose}] }`) });
  expect(checked.stdout).toContain('are stored sealed, with key ');
  expect(checked.stdout).toContain(`chmod 600 ${keys.loose}`);
});

test('a parked row that was changed in the database is told once, in the log and by status, and the rest arrives once it is given up', async () => {
  const db = await testDatabase('create table items (id int primary key, name text)');
  const receiver = await testReceiver({ answer: () => 503 });
  const env = daemonEnvironment({ db, receivers: { RECEIVER: receiver } });
  const yaml = yamlOf(`{ keys: ${keyFiles().first} }`, await freePort());
  const daemon = new Cli(['run'], { env, yaml });
  await daemon.says(/streaming/);
  await db.sql(`insert into items select i, 'ada' from generate_series(1, 20) i`);
  await expect.poll(async () => (await db.sql('select from walhook.parked')).length, { timeout: 30_000 }).toBe(20);
  // Nothing of it is in memory while it is changed.
  expect((await walhook(['pause', 'crm'], { env, yaml })).code).toBe(0);
  const [changed] = await db.sql<{ id: string }>(`update walhook.parked set body = (select body from walhook.parked order by ordinal limit 1)
    where ordinal = (select max(ordinal) from walhook.parked) returning id`);
  const id = changed?.id ?? '';
  receiver.answer = () => 204;
  expect((await walhook(['resume', 'crm'], { env, yaml })).code).toBe(0);
  await daemon.says(/what is parked cannot be read/);
  const lines = (): string[] => daemon.stdout.split('\n').filter((line) => line.includes('what is parked cannot be read'));
  const message = `what is parked cannot be read: the body of delivery ${id} crm is not what walhook has stored`;
  expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ level: 'error', endpoint: 'crm', msg: expect.stringContaining(message), hint: expect.stringContaining(`walhook discard --parked --endpoint crm ${id}`) });
  const status = await walhook(['status'], { env, yaml });
  expect(status.stdout).toContain(`last error of crm: ${message}`);
  expect((await walhook(['healthcheck', '--ready'], { env, yaml })).code).toBe(0);

  expect((await walhook(['discard', '--parked', '--endpoint', 'crm', id], { env, yaml })).code).toBe(0);
  await receiver.until(() => receiver.delivered === 19);
  await daemon.says(/all that is parked can be read again/);
  expect(lines()).toHaveLength(1);
  expect(new Set(receiver.requests.filter(({ status: code }) => code === 204).map(({ headers }) => headers['webhook-id'])).has(id)).toBe(false);
  expect((await walhook(['status'], { env, yaml })).stdout).not.toContain('cannot be read');
});
