import { expect, inject, onTestFinished, test } from 'vitest';
import { describeKafka } from '../../support/kafka.ts';
import { isDelivered } from '../../support/oracle.ts';
import { serverUrl } from '../../support/postgres.ts';
import { seedOfRun } from '../../support/random.ts';
import { PARTITIONS } from './fleet-config.ts';
import { FleetGround, type FleetGroundOptions, type Ship } from './fleet-ground.ts';
import { judgeFleet } from './judging.ts';
import { WORKER_HEADER } from './overlap.ts';

async function fleet(more: Pick<FleetGroundOptions, 'crm'> = {}): Promise<FleetGround> {
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const ground = await FleetGround.open({ postgres: serverUrl(), brokers: inject('kafkaBrokers') ?? [], broker: null, seed, breakage: null, ...more });
  onTestFinished(() => ground.close());
  await ground.sail(2);
  await ground.writer.start();
  return ground;
}

function two(ground: FleetGround): readonly [Ship, Ship] {
  const [first, second] = ground.workers;
  if (first === undefined || second === undefined) throw new Error('there are two workers');
  return [first, second];
}

async function conditionAt(ground: FleetGround, ship: Ship): Promise<string | undefined> {
  const { endpoints } = (await ground.ask(ship, 'GET', '/status')) as { endpoints: { name: string; condition: string }[] };
  return endpoints.find(({ name }) => name === 'crm')?.condition;
}

describeKafka('what people do at one process of a fleet', () => {
  test('an endpoint that is paused at one worker is paused at all; what is parked outlives its worker; and it is resumed at another', async () => {
    const ground = await fleet();
    const [first, second] = two(ground);
    await ground.requests('crm', 20);
    await ground.ask(first, 'POST', '/endpoints/crm/pause', { reason: 'a test' });
    await ground.until(async () => (await conditionAt(ground, second)) === 'paused', 'the other worker to see it');
    // What was being sent arrives; then nothing does.
    await ground.delivered('audit', 20);
    const { crm } = await ground.sink.count();
    await ground.delivered('audit', 50);
    expect((await ground.sink.count())['crm']).toEqual(crm);
    expect(await ground.parked()).toBeGreaterThan(0);
    await ground.kill(first);
    await ground.dealt('kill -9 of a worker');
    await ground.delivered('audit', 20);
    expect((await ground.sink.count())['crm']).toEqual(crm);
    await ground.ask(second, 'POST', '/endpoints/crm/resume', {});
    await ground.settle();
    await ground.halt();
    expect((await judgeFleet(ground, true)).findings).toEqual([]);
  });

  test('dead letters that are replayed at one worker are sent by those who have their lanes', async () => {
    const ground = await fleet({ crm: { retry: { initial: '10ms', attempts: 2 }, breaker: { failures: 1_000_000 } } });
    const [first] = two(ground);
    await ground.sink.turn({ crm: '5xx' });
    await ground.requests('audit', 100);
    await ground.writer.stop();
    const { count } = ground.writer;
    const dead = (): Promise<{ id: string; lane: string }[]> => ground.database.sql(`select id, lane::text from walhook.dead where endpoint = 'crm'`);
    const before = ground.sink.delivered('crm');
    await ground.until(async () => (await dead()).length + before >= count, 'all to be dead');
    const lanes = new Map((await dead()).map(({ id, lane }) => [id, Number(lane)]));
    await ground.sink.turn({ crm: 'healthy' });
    await ground.ask(first, 'POST', '/deliveries/replay', { endpoint: 'crm' });
    await ground.until(() => ground.sink.delivered('crm') >= count, 'all to be delivered');
    await ground.sink.count();
    const replayed = (ground.sink.read().requests.get('crm') ?? []).filter((request) => isDelivered(request) && lanes.has(request.id));
    expect(replayed).toHaveLength(lanes.size);
    const wrong = replayed.filter(({ id, headers }) => {
      const ship = ground.workers.find(({ name }) => name === headers[WORKER_HEADER]);
      return ship === undefined || !ground.partitionsOf(ship).includes((lanes.get(id) ?? 0) % PARTITIONS);
    });
    expect(wrong).toEqual([]);
    expect(new Set(replayed.map(({ headers }) => headers[WORKER_HEADER])).size).toBe(2);
  });
});
