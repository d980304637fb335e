import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

/** The main job in short: this one runs on every supported version of Postgres. */
test('changes become webhooks; what is refused is parked and sent again; a restart goes on where it stopped', async () => {
  const db = await testDatabase(`create table profiles (
    id int primary key, email text, country text, country_visible boolean not null default true)`);
  const receiver = await testReceiver();
  const fates: string[] = [];
  const daemon = await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    onOutcome: (_delivery, outcome, fate) => fates.push(`${outcome.kind} ${fate}`),
    yaml: `${HEAD}
tables: { profiles: { lookup: [email], visibility: { country: country_visible }, replica_identity: full } }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: crm, table: profiles, to: crm }]
`,
  });

  await db.sql(`insert into profiles values (1, 'a@example.com', 'NL')`);
  await db.sql(`update profiles set email = 'b@example.com'`);
  await db.sql(`update profiles set country_visible = false`);
  await db.sql(`delete from profiles`);
  await receiver.deliveries(4);
  const hidden = '<<REDACTED>>';
  expect(receiver.bodies()).toEqual([
    event('data_insert', { id: 1, email: 'a@example.com', country: 'NL' }, { value: 'a@example.com' }),
    event('data_update', { id: 1, email: 'b@example.com', country: 'NL' }, { value: 'b@example.com', previous_value: 'a@example.com' }),
    event('visibility_update', { id: 1, email: 'b@example.com', country: hidden }, { value: 'b@example.com' }, ['country']),
    { data: { id: 1 }, meta: { operation: 'delete', lookup_values: [{ field: 'email', value: 'b@example.com' }] } },
  ]);

  receiver.answer = (_request, attempt) => (attempt < 3 ? 503 : 204);
  await db.sql(`insert into profiles values (2, 'c@example.com', null)`);
  await receiver.deliveries(5);
  const tries = receiver.requests.slice(4);
  expect(new Set(tries.map(({ id, body }) => `${id} ${body.toString()}`)).size).toBe(1);

  receiver.answer = () => 204;
  await daemon.stop();
  expect(fates.slice(4)).toEqual(['failed parked', 'failed parked', 'delivered delivered']);
  await db.sql(`insert into profiles values (3, 'd@example.com', 'DE')`);
  await daemon.start();
  await receiver.deliveries(6);
  expect(receiver.requests).toHaveLength(8);
  expect(receiver.bodies().at(-1)).toEqual(event('data_insert', { id: 3, email: 'd@example.com', country: 'DE' }, { value: 'd@example.com' }));
  expect(receiver.byId.size).toBe(6);
});

function event(operation: string, data: object, email: object, redacted: readonly string[] = []): object {
  return { data, redacted, meta: { operation, lookup_values: [{ field: 'email', ...email }] } };
}
