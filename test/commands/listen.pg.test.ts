import { expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { Cli, walhook } from '../support/cli.ts';
import { testDatabase } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { Receiver } from '../support/receiver.ts';

const TABLES = 'create table profiles (id int primary key, email text); create schema app; create table app."Big Orders" (id bigint primary key, total numeric)';

/** Everything of it that listen could have left behind. */
async function traces(db: TestDatabase): Promise<unknown> {
  const [row] = await db.sql(
    `select (select array_agg(slot_name::text) from pg_replication_slots where database = current_database()) as slots,
            (select array_agg(pubname::text) from pg_publication) as publications,
            (select array_agg(nspname::text order by nspname) from pg_namespace where nspname !~ '^pg_|^information_schema$') as schemas,
            (select array_agg(distinct relreplident::text) from pg_class where relname in ('profiles', 'Big Orders')) as identities`,
  );
  return row;
}

const NOTHING = { slots: null, publications: null, schemas: ['app', 'public'], identities: ['d'] };

test('it prints what happens, in commit order, digit for digit, and leaves nothing behind', async () => {
  const db = await testDatabase(TABLES);
  const listen = new Cli(['listen', db.url, '-t', 'profiles', '--table', 'app."Big Orders"'.replaceAll('"', '')]);
  const intro = await listen.says(/signed with {2}whsec_/);
  expect(intro).toContain('Listening to profiles, app.Big Orders of ');
  expect(await traces(db)).toMatchObject({ slots: [expect.stringMatching(/^walhook_listen_/)], publications: [expect.stringMatching(/^walhook_listen_/)] });
  await db.sql(`
    insert into profiles values (1, 'ada@example.com');
    insert into app."Big Orders" values (9007199254740993, 12345678901234567890.10);
    update profiles set email = 'a@example.com';
    delete from profiles;
    truncate app."Big Orders"`);
  const output = await listen.says(/→ {2}truncate {2}app\.Big Orders/);
  expect(output.match(/→ {2}\w+ {2}\S+/g)).toEqual([
    '→  data_insert  profiles',
    '→  data_insert  app.Big',
    '→  data_update  profiles',
    '→  delete  profiles',
    '→  truncate  app.Big',
  ]);
  expect(output).toContain('"id": 9007199254740993, "total": 12345678901234567890.10');
  listen.signal('SIGINT');
  expect(await listen.result).toMatchObject({ code: 0, stderr: '' });
  expect(await traces(db)).toEqual(NOTHING);
});

test('with --forward-to it sends signed webhooks, and tells what came back', async () => {
  const db = await testDatabase(TABLES);
  const receiver = await Receiver.open({ answer: (_request, attempt) => (attempt === 1 ? { status: 500, body: 'not yet\u001b[2J' } : 204) });
  const listen = new Cli(['listen', db.url, '-t', 'profiles', '--forward-to', `${receiver.url}/hooks?token=hidden`, '--json']);
  const secret = /signed with {2}(whsec_\S+)/.exec(await listen.says(/signed with.*\n/))?.[1] ?? '';
  await db.sql(`insert into profiles values (1, 'ada@example.com')`);
  await listen.says(/"fate":"delivered"/);
  listen.signal('SIGTERM');
  const { code, stdout, stderr } = await listen.result;
  await receiver.close();

  expect(code).toBe(0);
  const [failed, delivered] = stdout.trim().split('\n').map((line) => JSON.parse(line));
  expect(failed).toMatchObject({ fate: 'parked', operation: 'data_insert', response: { status: 500, body: expect.stringMatching(/^not yet/) } });
  expect(stdout).not.toContain('\u001b');
  expect(delivered).toMatchObject({ id: failed.id, fate: 'delivered', response: { status: 204 }, event: { data: { id: 1, email: 'ada@example.com' } } });
  expect(stderr).not.toContain('hidden');
  expect(receiver.requests).toHaveLength(2);
  for (const { body, headers } of receiver.requests) {
    expect(new Webhook(secret).verify(body.toString(), headers as Record<string, string>)).toEqual(delivered.event);
  }
});

test('killed, it leaves a publication that the next one drops, and no slot; one that lives is left alone', async () => {
  const db = await testDatabase(TABLES);
  const first = new Cli(['listen', db.url, '-t', 'profiles']);
  const second = new Cli(['listen', db.url, '-t', 'profiles']);
  await Promise.all([first.says(/signed with/), second.says(/signed with/)]);
  first.signal('SIGKILL');
  await first.result;
  await expect.poll(async () => (await db.sql('select 1 from pg_replication_slots where database = current_database()')).length).toBe(1);
  expect(await db.sql('select 1 from pg_publication')).toHaveLength(2);

  const third = new Cli(['listen', db.url, '-t', 'profiles']);
  expect(await third.says(/signed with/)).toMatch(/dropped publication walhook_listen_\w+, which a listen that was killed had left/);
  expect(await db.sql('select 1 from pg_publication')).toHaveLength(2);
  await db.sql(`insert into profiles values (1, 'x')`);
  await Promise.all([second.says(/data_insert/), third.says(/data_insert/)]);
  for (const listen of [second, third]) listen.signal('SIGTERM');
  expect(await Promise.all([second.result, third.result])).toMatchObject([{ code: 0 }, { code: 0 }]);
  expect(await traces(db)).toEqual(NOTHING);
});

test('a table that publishing would harm is refused, and nothing is left', async () => {
  const db = await testDatabase(`${TABLES}; create table bare (x int)`);
  const bare = await walhook(['listen', db.url, '-t', 'bare']);
  expect(bare).toMatchObject({ code: 3, stdout: '' });
  expect(bare.stderr).toContain('once published it would refuse every UPDATE and DELETE');
  const missing = await walhook(['listen', db.url, '-t', 'profile']);
  expect(missing).toMatchObject({ code: 3, stdout: '', stderr: 'walhook: there is no table public.profile (did you mean "profiles"?)\n' });
  expect(await traces(db)).toEqual(NOTHING);
  await db.sql('insert into bare values (1); update bare set x = 2');
});
