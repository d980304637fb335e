import { expect, test } from 'vitest';
import pg from 'pg';
import { Cli, walhook } from '../support/cli.ts';

test('--once delivers and verifies every kind of event, and ends with 0', async () => {
  const { code, stdout, stderr } = await walhook(['demo', '--once']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.match(/→ {2}\w+ .*/g)).toEqual([
    expect.stringMatching(/^→ {2}data_insert .*signature verified$/),
    expect.stringMatching(/^→ {2}data_update .*signature verified$/),
    expect.stringMatching(/^→ {2}visibility_update .*signature verified$/),
    expect.stringMatching(/^→ {2}data_update .*signature verified$/),
    expect.stringMatching(/^→ {2}visibility_update .*signature verified$/),
    expect.stringMatching(/^→ {2}delete .*signature verified$/),
  ]);
  expect(stdout.match(/POST \/hooks/g)).toHaveLength(6);
  expect(stdout).toContain('"country": "<<REDACTED>>"');
  expect(stdout).toContain('no webhook: nothing that the receiver may see has changed');
});

test('afterwards it shows what others write, until Ctrl-C, and takes its Postgres with it', async () => {
  const demo = new Cli(['demo']);
  const invitation = await demo.says(/psql '(\S+)'/);
  const url = /psql '(\S+)'/.exec(invitation)?.[1] ?? '';
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  await client.query(`insert into profiles (email, country) values ('you@example.com', 'Iceland')`);
  await demo.says(/you@example\.com/);
  await client.end();
  demo.signal('SIGINT');
  expect(await demo.result).toMatchObject({ code: 0, stderr: '' });
  await expect(new pg.Client({ connectionString: url }).connect()).rejects.toThrow('ECONNREFUSED');
});
