import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { EngineReport } from '../../src/fleet.ts';
import type { Role } from '../../src/role.ts';
import { parseExposition, valueOf } from '../observe/exposition.ts';
import { Cli } from '../support/cli.ts';
import { browserTests } from '../console/support/console-page.ts';
import { DaemonProcess } from '../support/daemon-process.ts';
import { freePort } from '../support/free-port.ts';
import { describeKafka, kafka, type KafkaScope } from '../support/kafka.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { Receiver } from '../support/receiver.ts';

const PARTITIONS = 6;
const PATIENCE = { timeout: 30_000, interval: 200 };

/** A process of the fleet, as people run it. */
interface Ship {
  readonly process: DaemonProcess;
  readonly url: string;
  readonly yaml: string;
}

describeKafka('what a fleet tells of itself', () => {
  const browser = browserTests();
  let db: TestDatabase;
  let receiver: Receiver;
  let scope: KafkaScope;
  let topic = '';
  let tail: Ship;
  let worker: Ship;
  const ships: Ship[] = [];

  async function start(role: Role): Promise<Ship> {
    const port = await freePort();
    const config = {
      version: 1,
      server: { listen: `127.0.0.1:${port}` },
      source: { url: db.url, slot: db.name },
      engine: { kafka: { brokers: scope.brokers, topic, partitions: PARTITIONS, session: '6s' } },
      endpoints: { crm: { url: `${receiver.url}/crm`, network: { allow: ['127.0.0.0/8'] } } },
      hooks: [{ name: 'all', table: 'items', to: 'crm' }],
    };
    const yaml = JSON.stringify(config);
    const process = new DaemonProcess({ config: yaml, args: ['--role', role] });
    const ship = { process, url: `http://127.0.0.1:${port}`, yaml };
    ships.push(ship);
    await (role !== 'tail' ? process.says('delivering') : process.streaming());
    return ship;
  }

  async function get(ship: Ship, path: string, body?: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const response = await fetch(`${ship.url}/api/v1${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function engine(ship: Ship): Promise<EngineReport> {
    return (await get(ship, '/engine')).body['engine'] as EngineReport;
  }

  async function cli(ship: Ship, ...args: string[]): Promise<{ readonly code: number | null; readonly out: string }> {
    const { code, stdout, stderr } = await new Cli(args, { yaml: ship.yaml }).result;
    return { code, out: stdout + stderr };
  }

  /** The tail says that this worker has it all. */
  async function untilAlone({ process: { pid } }: Ship): Promise<void> {
    await vi.waitFor(async () => {
      const { fleet } = await engine(tail);
      expect(fleet?.workers).toEqual([{ worker: expect.stringMatching(new RegExp(`-${pid}$`)), partitions: [0, 1, 2, 3, 4, 5], lag: 0 }]);
    }, PATIENCE);
  }

  beforeAll(async () => {
    db = await createDatabase();
    await db.sql('create table items (id int primary key, n int not null)');
    receiver = await Receiver.open();
    scope = kafka();
    topic = scope.name('status');
    tail = await start('tail');
    worker = await start('deliver');
    await db.sql('insert into items select i, 0 from generate_series(1, 40) i');
    await receiver.deliveries(40);
    await untilAlone(worker);
  }, 120_000);

  afterAll(async () => {
    await receiver.close();
    await Promise.all(ships.map(({ process }) => process.kill()));
    await db.drop();
    await scope.close();
  });

  test('tail and worker tell the same of all, and each its own part', async () => {
    // Whoever asks waits a moment for the broker, and is told so where that was too short.
    const told = async (ship: Ship): Promise<unknown> => {
      const { fleet, fleet_error } = await engine(ship);
      return fleet?.workers ?? fleet_error;
    };
    for (const ship of [tail, worker]) await expect.poll(() => told(ship), PATIENCE).toEqual([{ worker: expect.stringMatching(new RegExp(`-${worker.process.pid}$`)), partitions: [0, 1, 2, 3, 4, 5], lag: 0 }]);
    const [ofTail, ofWorker] = [await engine(tail), await engine(worker)];
    expect(ofTail).toMatchObject({ role: 'tail', worker: null, partitions: [], forwarded: 40, problem: null, fleet_error: null, fleet_problems: [] });
    expect(ofWorker).toMatchObject({ role: 'deliver', partitions: [0, 1, 2, 3, 4, 5], rebalances: expect.any(Number), fleet_problems: [] });
    expect(ofWorker.fleet?.workers).toEqual([{ worker: ofWorker.worker, partitions: [0, 1, 2, 3, 4, 5], lag: 0 }]);
    expect(ofTail.fleet?.partitions.reduce((sum, { end }) => sum + end, 0)).toBe(40);
  });

  test('a scrape tells of the whole topic at the tail alone', async () => {
    const scrape = async ({ url }: Ship) => parseExposition(await (await fetch(`${url}/metrics`)).text());
    const [ofTail, ofWorker] = [await scrape(tail), await scrape(worker)];
    expect(ofTail.get('walhook_engine_lag_records')?.samples).toHaveLength(PARTITIONS);
    expect(valueOf(ofTail, 'walhook_engine_reads_slot')).toBe(1);
    expect(valueOf(ofTail, 'walhook_engine_forwarded_total')).toBe(40);
    expect(ofTail.has('walhook_engine_partitions')).toBe(false);
    expect(ofWorker.has('walhook_engine_lag_records')).toBe(false);
    expect(valueOf(ofWorker, 'walhook_engine_reads_slot')).toBe(0);
    expect(valueOf(ofWorker, 'walhook_engine_partitions')).toBe(PARTITIONS);
  });

  test('walhook status says the role, who delivers, and how far behind', async () => {
    const [atTail, atWorker] = [await cli(tail, 'status'), await cli(worker, 'status')];
    expect(atTail.code).toBe(0);
    expect(atTail.out).toMatch(/this process reads the slot and hands deliveries to Kafka \(role tail\)\n {2}40 deliveries handed over/);
    expect(atTail.out).toMatch(/worker +partitions +which +lag\n {2}\S+ +6 +0–5 +0\n {2}lag +none/);
    expect(atTail.out).toMatch(/received +\w+\/\w+/);
    expect(atWorker.out).toMatch(/this process delivers from Kafka \(role deliver\)\n {2}partitions 0–5, generation \d+/);
    expect(atWorker.out).toMatch(/\(this\) +6 +0–5/);
    expect(atWorker.out).not.toMatch(/received|confirmed/);
    expect(JSON.parse((await cli(worker, 'status', '--json')).out)).toMatchObject({ daemon: { engine: { role: 'deliver', fleet: { unassigned_for: null } } } });
  });

  test('what another role has is refused with who has it', async () => {
    for (const [ship, path, body] of [
      [worker, '/backfills', undefined],
      [worker, '/backfills', { hook: 'all' }],
      [tail, '/endpoints/crm/probe', {}],
      [tail, '/deliveries?state=delivered', undefined],
    ] as const) {
      const refused = await get(ship, path, body);
      expect(refused, path).toMatchObject({ status: 409, body: { code: 'other_role', hint: expect.stringContaining('--role') } });
    }
    const backfill = await cli(worker, 'backfill', 'all');
    expect(backfill.code).not.toBe(0);
    expect(backfill.out).toContain('this process only delivers');
    // Pausing, and what is stored, may be asked of any.
    expect(await get(tail, '/deliveries?state=parked')).toMatchObject({ status: 200, body: { deliveries: [] } });
    expect(await get(worker, '/deliveries?state=delivered&limit=200')).toMatchObject({ status: 200, body: { deliveries: { length: 40 } } });
  });

  test('an endpoint that is paused at the tail is paused at the worker, and resumed', async () => {
    const condition = async (): Promise<unknown> => ((await get(worker, '/status')).body['endpoints'] as { readonly condition: string }[])[0]?.condition;
    expect((await cli(tail, 'pause', 'crm')).code).toBe(0);
    await expect.poll(condition, PATIENCE).toBe('paused');
    expect((await cli(tail, 'resume', 'crm')).code).toBe(0);
    await expect.poll(condition, PATIENCE).toBe('active');
  });

  test('the console shows the fleet, at the tail and at the worker', async () => {
    const page = await browser.page();
    await page.goto(tail.url);
    await page.getByRole('table', { name: 'workers' }).getByText('0–5').waitFor();
    expect(await page.locator('[data-test=health]').textContent()).toContain('1 worker');
    expect(await page.locator('[data-test=slot]').count()).toBe(1);
    await page.goto(worker.url);
    await page.getByText('this process').waitFor();
    expect(await page.locator('[data-test=slot]').count()).toBe(0);
    for (const path of ['/deliveries', '/backfills', '/database', '/endpoints/crm', '/hooks', '/config']) {
      for (const { url } of [tail, worker]) {
        await page.goto(url + path);
        await page.locator('main h1').first().waitFor();
      }
    }
  });

  test('two workers share the partitions; without any, that is told, and what waits', async () => {
    const second = await start('all');
    await expect.poll(async () => (await engine(tail)).fleet?.workers.map(({ partitions }) => partitions.length), PATIENCE).toEqual([3, 3]);
    await expect.poll(async () => await engine(second), PATIENCE).toMatchObject({ role: 'all', partitions: { length: 3 } });
    expect(await get(second, '/backfills')).toMatchObject({ status: 409, body: { code: 'other_role', detail: expect.stringContaining('stands by for the slot') } });
    await expect.poll(async () => await engine(worker), PATIENCE).toMatchObject({ last_pause: expect.any(Number) });
    await Promise.all([second, worker].map(({ process }) => process.kill()));
    await db.sql('insert into items select i, 0 from generate_series(41, 50) i');
    await expect.poll(async () => await engine(tail), PATIENCE).toMatchObject({ fleet_problems: [`no worker delivers from topic ${topic}: 10 records wait there, and nothing is lost`] });
    const { out } = await cli(tail, 'status');
    expect(out).toContain('problem    no worker delivers from topic');
    expect(out).toMatch(/nobody +6 +0–5 +10/);
    expect(out).toMatch(/lag +10 records, the most in partition \d/);
    // Restarting the tail would not help: it stays ready.
    expect((await fetch(`${tail.url}/readyz`)).status).toBe(200);
  }, 120_000);
});
