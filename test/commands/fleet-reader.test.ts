import { beforeEach, expect, test } from 'vitest';
import { FleetReader } from '../../src/commands/fleet-reader.ts';
import type { Config } from '../../src/config.ts';
import type { GroupFacts, GroupLag } from '../../src/engine/port.ts';
import { idleEngine } from '../../src/engine-status.ts';
import { WalhookError } from '../../src/errors.ts';

const ENGINE = { topic: 'walhook', group: 'deliverers' };
const STATUS = idleEngine(ENGINE, 'tail');
let now = 0;
let lags: GroupLag[] | Error = [];
let members: string[] = [];
let asked = 0;
let closed = 0;
const errors: unknown[] = [];

beforeEach(() => {
  now = 0;
  asked = 0;
  closed = 0;
  lags = [];
  members = [];
  errors.length = 0;
});

function reader(config: object = { engine: { kafka: ENGINE } }): FleetReader {
  const facts: GroupFacts = {
    lag: () => {
      asked++;
      return lags instanceof Error ? Promise.reject(lags) : Promise.resolve(lags);
    },
    members: () => Promise.resolve(members),
    close: () => {
      closed++;
      return Promise.resolve();
    },
  };
  return new FleetReader({ config: config as Config, onError: (error) => errors.push(error), open: () => Promise.resolve(facts), now: () => now });
}

function lag(partition: number, facts: Partial<GroupLag> = {}): GroupLag {
  return { topic: 'walhook', partition, worker: 'walhook-deliver-host-a-7', committed: 90n, start: 0n, end: 100n, ...facts };
}

test('who delivers from what, by a name without noise, and what waits', async () => {
  lags = [lag(0), lag(1, { worker: 'walhook-all-host-b-8', committed: null, start: 60n }), lag(2, { committed: 10n, start: 95n }), lag(3, { worker: 'somebody else' })];
  const report = await reader().report(STATUS);
  expect(report?.fleet?.partitions).toEqual([
    { topic: 'walhook', partition: 0, worker: 'host-a-7', committed: 90, end: 100, lag: 10 },
    // Nothing committed: all that is there waits. Removed before it was read: what is left does.
    { topic: 'walhook', partition: 1, worker: 'host-b-8', committed: null, end: 100, lag: 40 },
    { topic: 'walhook', partition: 2, worker: 'host-a-7', committed: 10, end: 100, lag: 5 },
    { topic: 'walhook', partition: 3, worker: 'somebody else', committed: 90, end: 100, lag: 10 },
  ]);
  expect(report?.fleet?.workers).toEqual([
    { worker: 'host-a-7', partitions: [0, 2], lag: 15 },
    { worker: 'host-b-8', partitions: [1], lag: 40 },
    { worker: 'somebody else', partitions: [3], lag: 10 },
  ]);
  expect(report).toMatchObject({ role: 'tail', fleet_error: null, fleet_problems: [] });
});

test('a worker without partitions is told: it is in the group, and idles', async () => {
  lags = [lag(0), lag(1, { worker: 'walhook-all-host-b-8' })];
  members = ['walhook-deliver-host-c-9', 'walhook-all-host-b-8', 'walhook-deliver-host-a-7'];
  const report = await reader().report(STATUS);
  expect(report?.fleet?.workers).toEqual([
    { worker: 'host-a-7', partitions: [0], lag: 10 },
    { worker: 'host-b-8', partitions: [1], lag: 10 },
    { worker: 'host-c-9', partitions: [], lag: 0 },
  ]);
  expect(report?.fleet_problems).toEqual([]);
});

test('a partition that nobody has is told, and since when that is seen', async () => {
  const fleet = reader();
  lags = [lag(0), lag(1, { worker: null }), lag(2, { worker: null }), lag(3, { worker: null })];
  expect(await fleet.report(STATUS)).toMatchObject({ fleet: { unassigned_for: 0 }, fleet_problems: ['partitions 1–3 of topic walhook have no worker: 30 records wait there'] });
  now = 5_000;
  lags = [lag(0, { worker: null }), lag(1, { worker: null, end: 90n })];
  expect(await fleet.report(STATUS)).toMatchObject({ fleet: { unassigned_for: 5_000 }, fleet_problems: ['no worker delivers from topic walhook: 10 records wait there, and nothing is lost'] });
  now = 10_000;
  lags = [lag(0), lag(1)];
  expect(await fleet.report(STATUS)).toMatchObject({ fleet: { unassigned_for: null }, fleet_problems: [] });
});

test('the broker is asked every few seconds at most, whoever asks', async () => {
  const fleet = reader();
  for (const at of [0, 100, 1_999]) {
    now = at;
    await fleet.report(STATUS);
  }
  expect(asked).toBe(1);
  now = 2_000;
  await fleet.report(STATUS);
  expect(asked).toBe(2);
});

test('a broker that cannot be asked gives the reason, is asked again later, and is logged once', async () => {
  const fleet = reader();
  lags = new WalhookError('no broker of kafka:9092 answers', { code: 'kafka_unreachable' });
  for (const at of [0, 1_000, 3_000]) {
    now = at;
    expect(await fleet.report(STATUS)).toMatchObject({ fleet: null, fleet_error: 'no broker of kafka:9092 answers', fleet_problems: ['the workers cannot be asked for: no broker of kafka:9092 answers'] });
  }
  expect(asked).toBe(2);
  expect(errors).toHaveLength(1);
  // Each time over a connection of its own.
  expect(closed).toBe(2);
  now = 6_000;
  lags = [lag(0)];
  expect(await fleet.report(STATUS)).toMatchObject({ fleet_error: null, fleet_problems: [] });
});

test('without an engine nothing is asked, and nothing is opened', async () => {
  const fleet = reader({ engine: null, source: { kafka: null } });
  expect(await fleet.report(null)).toBeNull();
  await fleet.close();
  expect([asked, closed]).toEqual([0, 0]);
});

test('what was opened is closed, and nothing is asked after that', async () => {
  const fleet = reader();
  await fleet.report(STATUS);
  await fleet.close();
  now = 60_000;
  expect((await fleet.report(STATUS))?.fleet).toBeNull();
  expect([asked, closed]).toEqual([1, 1]);
});
