import { expect, onTestFinished, test } from 'vitest';
import type { WalhookError } from '../../src/errors.ts';
import { PublicationWatch } from '../../src/source/publication-watch.ts';
import { createDatabase } from '../support/postgres.ts';

test.for([
  'alter publication p drop table items',
  'alter publication p set table items where (id > 1)',
  `alter publication p set (publish = 'insert')`,
  'drop publication p',
  'drop publication p; create publication p for table items',
  'drop table items; create table items (id int primary key)',
  'drop table others; create table others (id int primary key)',
])('%s is noticed, once', async (alteration) => {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.sql('create table items (id int primary key); create table others (id int primary key); create publication p for table items');
  const told: WalhookError[] = [];
  let confirmed = 10n;
  const watch = new PublicationWatch({ pool: await database.client(), publication: 'p', tables: [{ schema: 'public', table: 'items' }, { schema: 'public', table: 'others' }], confirmed: () => confirmed, onAltered: (reason) => void told.push(reason), interval: 3_600_000 });
  onTestFinished(() => watch.stop());
  await watch.begin();
  watch.start();
  await watch.look();
  confirmed = 20n;
  await watch.look();
  expect({ told, at: watch.wholeAt }).toEqual({ told: [], at: 20n });
  await database.sql(alteration);
  confirmed = 30n;
  await watch.look();
  await watch.look();
  expect(told).toMatchObject([{ code: 'publication_altered', reaction: 'retry' }]);
  expect(watch.wholeAt, 'what was left out came after what was confirmed then').toBe(20n);
});
