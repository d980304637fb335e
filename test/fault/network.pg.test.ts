import { expect, onTestFinished, test } from 'vitest';
import { testDatabase, testReceiver } from '../support/daemon.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries } from '../support/oracle.ts';
import { createDatabase } from '../support/postgres.ts';
import { Proxy } from '../support/proxy.ts';
import { random, seedOfRun } from '../support/random.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

/** Delivered exactly once, all of it, in order. */
const ONCE = { ...FLAWLESS, duplicates: 0 };
/** Milliseconds after which a walsender, and the daemon, give up a silent connection. */
const SENDER_TIMEOUT = 1_000;
const CONCURRENCY = 4;

async function proxied(url: string): Promise<Proxy> {
  const proxy = await Proxy.before(url);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A daemon's three ways, a proxy in each: to the source, to the state in a database of its own, to the endpoint. */
async function ground() {
  const database = await testDatabase(ITEMS_SQL);
  await database.sql(`alter database ${database.name} set wal_sender_timeout = '${SENDER_TIMEOUT}ms'`);
  const state = await createDatabase();
  onTestFinished(() => state.drop());
  const receiver = await testReceiver();
  const ways = { source: await proxied(database.url), state: await proxied(state.url), endpoint: await proxied(receiver.url) };
  const config = {
    ...faultConfig({ database, endpoints: { crm: faultEndpoint(ways.endpoint.url, { concurrency: CONCURRENCY }) }, limits: { in_flight: 300 } }),
    source: { url: ways.source.url, slot: database.name },
    state: { url: ways.state.url },
  };
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, pause: 10, largeOneIn: 20, arrived: () => receiver.delivered });
  onTestFinished(() => writer.stop());
  const daemon = launch(config);
  await daemon.streaming();
  const settled = async () => {
    await writer.stop();
    await allDelivered(receiver, writer);
    await untilQuery(state, 'select count(*)::int from walhook.parked', 0);
    return judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(state), samples: [] });
  };
  return { database, receiver, ways, writer, daemon, chance: random(seed), settled };
}

/** Resolves once the walsender of the slot is another one than `before`. */
function anotherWalsender(name: string, before: number): string {
  return `select coalesce(active_pid <> ${before}, false) from pg_replication_slots where slot_name = '${name}'`;
}

test('connections to the source that are half-open are found within the timeout and made anew: nothing lost, nothing twice', async () => {
  const { database, receiver, ways, writer, daemon, settled } = await ground();
  await writer.start().more(100);
  await receiver.received(100);
  const [before] = await database.sql<{ pid: number }>('select active_pid as pid from pg_replication_slots where slot_name = $1', [database.name]);
  const at = performance.now();
  // The stream's, and the idle ones of the pool, which is asked about the slot before the next stream begins.
  ways.source.halfOpen();
  await writer.more(100);
  await daemon.says(/the walsender has been silent/);
  const found = performance.now() - at;
  await untilQuery(database, anotherWalsender(database.name, before?.pid ?? 0), true);
  const again = receiver.requests.length;
  await receiver.received(again + 1);
  const recovered = performance.now() - at;
  console.log(`half-open: found after ${Math.round(found)} ms, delivering again after ${Math.round(recovered)} ms`);
  // Silence is looked for at every status report, of which there are four in the timeout.
  expect(found).toBeLessThan(2 * SENDER_TIMEOUT);
  expect(recovered).toBeLessThan(8 * SENDER_TIMEOUT);
  expect(await settled()).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('slow connections in pieces of a few bytes, everywhere: all of it arrives once, in order', async () => {
  const { receiver, ways, writer, settled } = await ground();
  ways.source.manner = { latency: 20, slice: 40 };
  ways.state.manner = { latency: 10, slice: 15 };
  ways.endpoint.manner = { latency: 5, slice: 13 };
  writer.start();
  await receiver.received(100);
  expect(await settled()).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('connections to the source that are reset at random moments: nothing lost, nothing twice', async () => {
  const { receiver, ways, writer, daemon, chance, settled } = await ground();
  writer.start();
  for (let resets = 0; resets < 10; resets++) {
    ways.source.resetAfter(chance.int(1, 40_000));
    await ways.source.until(({ armed }) => !armed, 'the reset');
    await receiver.received(receiver.requests.length + chance.int(1, 30));
  }
  expect(daemon.log.some(({ msg }) => /trying again/.test(msg))).toBe(true);
  expect(await settled()).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('connections to the state that are reset at random moments, with deliveries parked: nothing lost, nothing twice', async () => {
  const { receiver, ways, writer, chance, settled } = await ground();
  receiver.answer = () => (chance.chance(0.2) ? 503 : 204);
  writer.start();
  for (let resets = 0; resets < 15; resets++) {
    ways.state.resetAfter(chance.int(1, 10_000));
    await ways.state.until(({ armed }) => !armed, 'the reset');
    await receiver.received(receiver.requests.length + chance.int(1, 30));
  }
  receiver.answer = () => 204;
  expect(await settled()).toMatchObject({ ...ONCE, delivered: writer.count });
});

test('connections to the endpoint that are reset at random moments: nothing lost, twice only what had no answer', async () => {
  const { receiver, ways, writer, chance, settled } = await ground();
  writer.start();
  const resets = 25;
  for (let done = 0; done < resets; done++) {
    ways.endpoint.resetAfter(chance.int(1, 5_000));
    await ways.endpoint.until(({ armed }) => !armed, 'the reset');
  }
  await receiver.received(receiver.requests.length + 1);
  const verdict = await settled();
  expect(verdict).toMatchObject({ ...FLAWLESS, delivered: writer.count });
  // A reset ends one connection, which carries one request.
  expect(verdict.duplicates).toBeLessThanOrEqual(resets);
});

test('a source that lets nobody in for a while is asked again, with pauses, until it does', async () => {
  const { ways, writer, daemon, settled } = await ground();
  await writer.start().more(50);
  ways.source.accepts = false;
  ways.source.reset();
  const { connections } = ways.source;
  await ways.source.until((proxy) => proxy.connections >= connections + 4, 'more attempts');
  expect(await daemon.status()).toMatchObject({ state: 'reconnecting', problems: [expect.stringMatching(/./)] });
  ways.source.accepts = true;
  expect(await settled()).toMatchObject({ ...ONCE, delivered: writer.count });
});
