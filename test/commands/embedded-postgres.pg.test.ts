import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';

async function dataFolder(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory ?? '';
  } finally {
    await client.end();
  }
}

test('it answers with the settings it was given, and leaves nothing once stopped', async () => {
  const server = await startEmbeddedPostgres({ settings: { max_wal_senders: '7' } });
  const folder = await dataFolder(server.url);
  const client = new pg.Client({ connectionString: server.url });
  const cut = once(client, 'error');
  await client.connect();
  const { rows } = await client.query(`select current_setting('wal_level') as wal_level, current_setting('max_wal_senders') as senders`);
  expect(rows).toEqual([{ wal_level: 'logical', senders: '7' }]);

  await Promise.all([server.stop(), cut]);
  await server.stop();
  expect(existsSync(folder)).toBe(false);
  await expect(dataFolder(server.url)).rejects.toThrow('ECONNREFUSED');
});

test('a setting the server refuses is told with its own words', async () => {
  await expect(startEmbeddedPostgres({ settings: { wal_level: 'logcal' } })).rejects.toThrow(
    expect.objectContaining({ code: 'embedded_postgres_failed', message: expect.stringContaining('invalid value for parameter "wal_level": "logcal"') as string }),
  );
});

test.each(['SIGKILL', 'SIGTERM'] as const)('a process that dies of %s takes its server with it', async (signal) => {
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(new URL('../../src/commands/embedded-postgres.ts', import.meta.url).href)});
    const server = await startEmbeddedPostgres();
    console.log(server.url);
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string];
  const folder = await dataFolder(url.trim());

  owner.kill(signal);

  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
  await expect(dataFolder(url.trim())).rejects.toThrow('ECONNREFUSED');
});
