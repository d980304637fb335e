import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { readLoaded } from '../../src/commands/read-config.ts';
import { Reloading } from '../../src/commands/reloading.ts';
import type { Config } from '../../src/config.ts';
import type { Role } from '../../src/role.ts';

const YAML = 'version: 1\nsource: { url: "postgres://localhost/db" }\nendpoints: { crm: { url: "https://crm.example" } }\nhooks: [{ name: a, table: people, to: crm }]\n';

function desk(reload: (config: Config) => Promise<void>, role: Role = 'all') {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-reloading-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'walhook.yaml');
  writeFileSync(path, YAML);
  const calls: string[] = [];
  const loaded = readLoaded(path, { env: {}, readFile: () => '' });
  const reloading = new Reloading({
    loaded,
    role,
    log: pino({ level: 'silent' }),
    service: { reload, status: () => ({ problems: [], state: 'streaming', slot: '', received: '', confirmed: '', behind: null, in_flight: { deliveries: 0, bytes: 0 }, endpoints: [], engine: null, wal: null }) },
    server: { next: async () => ({ commit: async () => void calls.push('commit'), discard: async () => void calls.push('discard') }) },
    manager: { reloading: () => void calls.push('reloading'), ready: () => void calls.push('ready') },
  });
  return { path, calls, loaded, reloading };
}

test('a caller hears when it is applied, and what runs is another one then', async () => {
  const { path, calls, loaded, reloading } = desk(async () => undefined);
  writeFileSync(path, `${YAML}limits: { in_flight: 7 }\n`);
  expect(reloading.loaded).toBe(loaded);
  await reloading.reload();
  expect(reloading.loaded.config.limits.in_flight).toBe(7);
  expect(calls).toEqual(['reloading', 'commit', 'ready']);
});

test('what is refused is told, remembered until a reload succeeds, and changes nothing', async () => {
  const { path, calls, loaded, reloading } = desk(async () => undefined);
  writeFileSync(path, `${YAML}limts: {}\n`);
  await expect(reloading.reload()).rejects.toMatchObject({ code: 'bad_config', problems: [{ line: 5, column: 1 }] });
  expect(reloading.failed).toMatchObject({ at: expect.any(Date), error: { code: 'bad_config' } });
  expect(reloading.loaded).toBe(loaded);
  writeFileSync(path, YAML);
  await reloading.reload();
  expect(reloading.failed).toBeNull();
  expect(calls).toEqual(['reloading', 'ready', 'reloading', 'commit', 'ready']);
});

test('who does a part of the work goes on with its engine when the file has none any more', async () => {
  const { calls, loaded, reloading } = desk(async () => undefined, 'deliver');
  await expect(reloading.reload()).rejects.toMatchObject({ code: 'usage' });
  expect([calls, reloading.loaded]).toEqual([['reloading', 'ready'], loaded]);
});

test('one that cannot be applied gives the server back', async () => {
  const { calls, loaded, reloading } = desk(() => Promise.reject(new Error('no')));
  await expect(reloading.reload()).rejects.toThrow('no');
  expect([calls, reloading.loaded]).toEqual([['reloading', 'discard', 'ready'], loaded]);
});

test('one at a time, and one more for all that was asked meanwhile, which sees the file as it is then', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const applied: number[] = [];
  const { path, reloading } = desk(({ limits }) => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    applied.push(limits.in_flight);
    return gate.promise;
  });
  const first = reloading.reload();
  await expect.poll(() => gates.length).toBe(1);
  const others = [reloading.reload(), reloading.reload()];
  reloading.request();
  writeFileSync(path, `${YAML}limits: { in_flight: 9 }\n`);
  gates[0]?.resolve();
  await first;
  await expect.poll(() => gates.length).toBe(2);
  gates[1]?.resolve();
  await Promise.all(others);
  expect(applied).toEqual([10_000, 9]);
});
