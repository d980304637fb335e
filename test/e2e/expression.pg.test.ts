import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

test('a row at which `when` fails becomes a dead letter, and the log and the status say why', async () => {
  const db = await testDatabase('create table items (id int primary key, size text)');
  const receiver = await testReceiver();
  const yaml = `${HEAD}
endpoints: { crm: ${endpoint()} }
hooks: [{ name: large, table: items, to: crm, when: "int(row.size) > 5" }]
`;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver } });
  await db.sql(`insert into items values (1, 'a private size')`);
  await db.sql(`insert into items values (2, '7')`);
  await receiver.deliveries(1);
  expect(JSON.parse(String(receiver.requests[0]?.body))).toMatchObject({ data: { id: 2 } });
  expect(daemon.status.endpoints).toMatchObject([{ name: 'crm', failed_attempts: 0, last_error: expect.stringMatching(/^hook large: `when` failed: /) }]);
  await daemon.stop();
  expect(await db.sql('select hook, failure, attempts from walhook.dead')).toEqual([{ hook: 'large', failure: 'expression', attempts: 0 }]);
  expect(daemon.logged(/^dead: /)).toEqual([expect.objectContaining({ level: 50, endpoint: 'crm', hook: 'large', table: 'public.items', failure: 'expression' })]);
  expect(daemon.log.join('\n')).not.toContain('a private size');
});
