import { expect, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';

const TABLE = 'create table items (id int primary key, version int)';

test.each([
  ['dropped and made again', `begin; drop table items; ${TABLE}; commit`],
  ['replaced by another one that takes its name', `begin; alter table items rename to items_old; ${TABLE.replace('items', 'items_new')}; alter table items_new rename to items; commit`],
])('a table that is %s while it is streamed is published again, and its rows are sent', async (_how, sql) => {
  const database = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const daemon = launch({ ...faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } }), tables: {} });
  await daemon.streaming();
  await database.sql('insert into items values (1, 1)');
  await receiver.deliveries(1);
  await database.sql(sql);
  // Else it is seen at the next look at the publication, every ten seconds.
  await database.sql(`select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '${database.name}'`);
  await daemon.says(/walhook begins anew/);
  await untilQuery(database, `select count(*)::int from pg_publication_tables where tablename = 'items'`, 1);
  await database.sql('insert into items values (2, 1)');
  await receiver.deliveries(2);
  expect(receiver.bodies<{ data: { id: number } }>().map(({ data }) => data.id)).toEqual([1, 2]);
});
