import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

test('a value that is nested too deeply makes a dead letter with the reason, at its first attempt', async () => {
  const db = await testDatabase('create table notes (id bigint primary key, doc json)');
  const receiver = await testReceiver();
  await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: `${HEAD}
endpoints: { crm: ${endpoint()} }
hooks:
  - name: notes
    table: notes
    to: crm
    enrich: { one: "select \${{ row.id }}::int as id where \${{ row.doc.plan }}::text is not null" }
    body: { one: "\${{ one.id }}" }
`,
  });
  await db.sql(`insert into notes values (1, (repeat('[', 4000) || repeat(']', 4000))::json), (2, '{"plan": 1}')`);
  await receiver.deliveries(1);
  expect(receiver.requests.map(({ body }) => body.toString())).toEqual(['{"one":2}']);
  await expect.poll(() => db.sql('select failure, message, attempts from walhook.dead')).toEqual([
    { failure: 'expression', message: 'enrich: a value is nested too deeply to be read', attempts: 1 },
  ]);
});
