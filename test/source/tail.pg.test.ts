import { expect, onTestFinished, test } from 'vitest';
import type { Lsn } from '../../src/lsn.ts';
import { PLAIN_TEXT, reach, target } from '../../src/source/connect.ts';
import { Tail, type TailOptions } from '../../src/source/tail.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

/** A database with a published table and a slot of its name. */
async function ground(): Promise<TestDatabase> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.sql('create table items (id int primary key); create publication items for table items');
  await database.sql(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [database.name]);
  return database;
}

async function tailOf(database: TestDatabase, options: Pick<TailOptions, 'onMessage' | 'onKeepalive' | 'onStart'>): Promise<Tail> {
  const client = await reach(target(database.url, { session: PLAIN_TEXT }));
  return new Tail({ client, slot: database.name, publication: 'items', from: 0n, durable: 0n, verify: () => Promise.resolve(), statusInterval: 1_000, deadAfter: 60_000, ...options });
}

/** Runs until the first message, of which `onMessage` makes what it likes. Gives the error, and the keepalives from then on. */
async function failAtFirstChange(onMessage: (tail: Tail) => void): Promise<{ error: unknown; keepalives: Lsn[] }> {
  const database = await ground();
  const keepalives: Lsn[] = [];
  let isChanged = false;
  const started = Promise.withResolvers<void>();
  const tail: Tail = await tailOf(database, {
    onMessage: () => {
      isChanged = true;
      // So busy that all the rest, the keepalive behind it included, is there when it is done.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      onMessage(tail);
    },
    onKeepalive: (lsn) => {
      if (isChanged) keepalives.push(lsn);
    },
    onStart: started.resolve,
  });
  const ended = tail.run().then(
    () => null,
    (error: unknown) => error,
  );
  await started.promise;
  await database.sql('insert into items values (1)');
  return { error: await ended, keepalives };
}

test('after a message that could not be handled, a keepalive does not claim that it was', async () => {
  // How the bytes fall decides whether it is still read, so several times.
  for (let tries = 0; tries < 6; tries++) {
    const { error, keepalives } = await failAtFirstChange(() => {
      throw new Error('cannot be handled');
    });
    expect(error).toEqual(new Error('cannot be handled'));
    expect(keepalives).toEqual([]);
  }
});

test('interrupted, it ends with the reason, and takes nothing more', async () => {
  let messages = 0;
  const { error, keepalives } = await failAtFirstChange((tail) => {
    messages++;
    tail.interrupt(new Error('the server shuts down'));
  });
  expect(error).toEqual(new Error('the server shuts down'));
  expect(messages).toBe(1);
  expect(keepalives).toEqual([]);
});
