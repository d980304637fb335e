import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../support/daemon.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import { allDelivered, faultConfig, faultEndpoint, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries } from '../support/oracle.ts';
import { seedOfRun } from '../support/random.ts';
import { type ReceivedRequest, Receiver } from '../support/receiver.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

const PRELOAD = new URL('../support/clock-step.ts', import.meta.url).href;
/** Seconds. */
const DAY = 86_400;

test.each([
  ['ahead', 'SIGUSR2', DAY],
  ['back', 'SIGWINCH', -DAY],
] as const)('the wall clock steps a day %s: retries, breaker and checkpoint go on, and signatures bear the new time', async (_where, step, seconds) => {
  const database = await testDatabase(ITEMS_SQL);
  // Signatures of another day are valid here: what the receiver thinks of the time is not what is tested.
  const receiver = await Receiver.open();
  onTestFinished(() => receiver.close());
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { breaker: { failures: 3, open: '300ms' }, retry: { initial: '50ms', factor: 1, attempts: 1000 } }) } });
  const daemon = new DaemonProcess({ config, env: { NODE_OPTIONS: `--import=${PRELOAD}` } });
  onTestFinished(async () => void (await daemon.kill()));
  await daemon.streaming();
  const writer = new Writer({ database, seed: seedOfRun(), pause: 10 });
  onTestFinished(() => writer.stop());
  await writer.start().more(30);
  await receiver.received(30);
  expect(skew(receiver.requests.at(-1)?.headers['webhook-timestamp'])).toBeLessThan(60);

  // Deliveries wait for their retries, and the breaker is open, when the clock steps.
  receiver.answer = () => 500;
  await writer.more(30);
  await daemon.says(/^the endpoint fails/);
  await untilQuery(database, 'select count(*) > 5 from walhook.parked', true);
  daemon.signal(step);
  // It is probed again, as before, and probes bear the new time.
  const isNew = ({ headers }: ReceivedRequest): boolean => skew(headers['webhook-timestamp'], seconds) < 60;
  await receiver.until(({ requests }) => requests.filter(isNew).length >= 4, 'probes that bear the new time');
  const [at] = await database.sql<{ lsn: string }>('select lsn::text as lsn from walhook.checkpoint');
  receiver.answer = () => 204;
  await writer.more(30);
  await writer.stop();
  await allDelivered(receiver, writer);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  await untilQuery(database, `select lsn > '${at?.lsn ?? ''}' from walhook.checkpoint`, true);
  expect(judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [] })).toMatchObject({ ...FLAWLESS, duplicates: 0, delivered: writer.count });
  daemon.signal('SIGTERM');
  expect((await daemon.exit).code).toBe(0);
});

/** Seconds between a request's timestamp and the time that it should bear. */
function skew(timestamp: string | readonly string[] | undefined, shift = 0): number {
  return Math.abs(Number(timestamp) - (Date.now() / 1000 + shift));
}
