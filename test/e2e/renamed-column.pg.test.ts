import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

const YAML = `${HEAD}
tables: { people: { visibility: { FIELD: phone_visible }, replica_identity: full } }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: crm, table: people, to: crm }]
`;

// Fails if a column is shown because the config does not know its new name.
test('a hidden column that is renamed is never shown: the stream stops, and goes on once the config knows the name', async () => {
  const db = await testDatabase('create table people (id int primary key, phone text, phone_visible bool)');
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: YAML.replace('FIELD', 'phone') });
  await db.sql(`insert into people values (1, 'hidden-1', false)`);
  await receiver.deliveries(1);
  await db.sql('alter table people rename phone to mobile');
  await db.sql(`insert into people values (2, 'hidden-2', false)`);
  await expect(daemon.running.done).rejects.toMatchObject({ code: 'visibility_column' });
  await expect(daemon.start()).rejects.toMatchObject({ code: 'column_missing' });
  await daemon.start(YAML.replace('FIELD', 'mobile'));
  await receiver.deliveries(2);
  expect(receiver.bodies<{ data: unknown }>().map(({ data }) => data)).toEqual([
    { id: 1, phone: '<<REDACTED>>' },
    { id: 2, mobile: '<<REDACTED>>' },
  ]);
  expect(daemon.log.join('\n')).not.toContain('hidden-');
});
