import { type ChildProcess, spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Assignment } from '../../src/engine/port.ts';
import { openGroupFacts } from '../../src/kafka/lag.ts';
import { describeKafka, kafka, KAFKA_USER, ownKafka } from '../support/kafka.ts';
import { cluster, memberOf, producerOf, record } from './clients.ts';
import { Load } from './load.ts';
import { RecordingMember } from './recording-member.ts';

const values = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => String(from + index));

/** Killed when the test has finished. `says` resolves when its next line is that one. */
function memberProcess(brokers: readonly string[], group: string, topic: string): { readonly process: ChildProcess; readonly says: (line: string) => Promise<void> } {
  const process = spawn(execPath, [fileURLToPath(new URL('member-process.ts', import.meta.url)), brokers[0] ?? '', group, topic], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void process.kill('SIGKILL'));
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  return {
    process,
    says: async (line) => {
      for (let next = await lines.next(); next.done !== true; next = await lines.next()) if (next.value === line) return;
      throw new Error(`it has ended without saying: ${line}`);
    },
  };
}

describeKafka('a consumer group', () => {
  test('goes on where it was committed, and reads nothing twice', async () => {
    const { brokers, topic, name } = kafka();
    const options = { cluster: cluster(brokers), group: name(), topics: [await topic(1)] };
    const producer = await producerOf(brokers, options.topics[0] ?? '', 1);
    await producer.produce(values(100).map((value) => record(0, value)));
    const first = new RecordingMember();
    const group = memberOf({ ...options, member: first });
    await group.done;
    await first.until(({ count }) => count === 100);
    expect([first.assignment.start, first.assignment.end]).toEqual([[0n], [100n]]);
    await group.leave();
    expect(first.told).toEqual(['assigned 0', 'revoked']);

    await producer.produce(values(10, 100).map((value) => record(0, value)));
    const second = new RecordingMember();
    memberOf({ ...options, member: second });
    await second.until(({ count }) => count === 10);
    expect(second.assignment.start).toEqual([100n]);
    expect(second.values.get(0)).toEqual(values(10, 100));
  });

  test('gives a part to another only once the one that had it has let go of it', async () => {
    const { brokers, topic, name } = kafka();
    const options = { cluster: cluster(brokers), group: name(), topics: [await topic(4)] };
    const order: string[] = [];
    const letGo = Promise.withResolvers<void>();
    const first = new RecordingMember({
      release: async (assignment: Assignment) => {
        order.push('asked to let go');
        await letGo.promise;
        await assignment.commit([1n, 1n, 1n, 1n]);
        order.push('let go');
      },
    });
    const producer = await producerOf(brokers, options.topics[0] ?? '', 4);
    await producer.produce([0, 1, 2, 3].map((partition) => record(partition, 'a')));
    const leaving = memberOf({ ...options, clientId: 'first', patience: 8000, member: first });
    await first.until(({ count }) => count === 4);
    const second = new RecordingMember();
    const staying = memberOf({ ...options, clientId: 'second', patience: 8000, member: second });
    void staying.done.then(() => order.push('another has it'));
    await first.until(({ told }) => told.includes('revoked'));
    // Longer than the session: heartbeats go on while it lets go, and so does its lease.
    const begin = performance.now();
    await expect.poll(() => first.assignment.leaseUntil, { timeout: 20_000 }).toBeGreaterThan(begin + 7000);
    expect(order).toEqual(['asked to let go']);
    letGo.resolve();
    await staying.done;
    await first.until(({ told }) => told.length === 3);
    expect(order).toEqual(['asked to let go', 'let go', 'another has it']);
    expect([...first.partitions, ...second.partitions].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect([...first.assignment.start, ...second.assignment.start]).toEqual([1n, 1n, 1n, 1n]);

    const before = performance.now();
    await leaving.leave();
    await second.until(({ partitions }) => partitions.length === 4);
    expect(performance.now() - before).toBeLessThan(2500);
  });

  test('loses nothing while members come and go under load, and reads each part by one at a time', async () => {
    const { brokers, topic, name } = kafka();
    const [made, group] = [await topic(6), name()];
    const producer = await producerOf(brokers, made, 6);
    const load = new Load(producer, 6);
    const members = [new RecordingMember(), new RecordingMember(), new RecordingMember()];
    const groups = [];
    for (const member of members) {
      const joined = memberOf({ cluster: cluster(brokers), group, topics: [made], member });
      await joined.done;
      groups.push(joined);
      const before = member.count;
      await member.until(({ count }) => count > before + 300);
    }
    for (const joined of groups.slice(1)) await joined.leave();
    await members[0]?.until(({ partitions }) => partitions.length === 6);
    const produced = await load.stop();
    const total = () => members.reduce((sum, { count }) => sum + count, 0);
    await members[0]?.until(() => total() >= produced);
    // All were let go in good order, so that nothing was read twice either.
    const all = members.flatMap(({ values: of }) => [...of.values()].flat()).map(Number).toSorted((a, b) => a - b);
    expect(all).toEqual(values(produced).map(Number));
    for (const member of members) for (const of of member.values.values()) expect(of.map(Number)).toEqual(of.map(Number).toSorted((a, b) => a - b));
    expect(members.flatMap(({ told }) => told)).not.toContain('lost');
  });

  test('refuses the commit of one that it has gone on without', async () => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(1);
    const options = { cluster: cluster(broker.brokers), group: broker.scope.name(), topics: [topic] };
    const member = new RecordingMember();
    const group = memberOf({ ...options, member });
    await group.done;
    const lapsed = member.assignment;
    const lease = lapsed.leaseUntil;
    expect(lease).toBeLessThanOrEqual(performance.now() + 3000);
    await expect.poll(() => lapsed.leaseUntil).toBeGreaterThan(lease);
    broker.suspend();
    await member.until(({ told }) => told.includes('lost'));
    expect(lapsed.leaseUntil).toBeLessThan(performance.now());
    await expect(lapsed.commit([1n])).rejects.toMatchObject({ code: 'fenced' });
    expect(group.problem).toContain(options.group);
    broker.resume();
    await member.until(({ told }) => told.length === 3);
    expect(group.problem).toBeNull();
    expect(member.assignment.generation).toBeGreaterThan(lapsed.generation);
    await expect(lapsed.commit([1n])).rejects.toMatchObject({ code: 'fenced' });
    expect(member.assignment.start).toEqual([0n]);
  });

  test('goes on after the broker was killed and started again', async () => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(2);
    const producer = await producerOf(broker.brokers, topic, 2);
    const member = new RecordingMember();
    memberOf({ cluster: cluster(broker.brokers), group: broker.scope.name(), topics: [topic], member });
    await producer.produce(values(10).map((value) => record(Number(value) % 2, value)));
    await member.until(({ count }) => count === 10);
    await member.commit();
    await broker.kill();
    await broker.start();
    await producer.produce(values(10, 10).map((value) => record(Number(value) % 2, value)));
    await member.until(({ count }) => count === 20);
    expect(member.values).toEqual(Map.groupBy(values(20), (value) => Number(value) % 2));
  });

  test('lets one have all, and another take over when that one is killed', async () => {
    const { brokers, topic, name } = kafka();
    const [made, group] = [await topic(3), name()];
    const { process: killed, says } = memberProcess(brokers, group, made);
    await says('assigned 0,1,2');
    const standby = new RecordingMember();
    await memberOf({ cluster: cluster(brokers), group, topics: [made], exclusive: true, member: standby }).done;
    expect(standby.told).toEqual(['assigned ']);
    killed.kill('SIGKILL');
    await standby.until(({ told }) => told.length === 3);
    expect(standby.told).toEqual(['assigned ', 'revoked', 'assigned 0,1,2']);
  });

  test('has nothing to do with one that was asleep while another took over', async () => {
    const { brokers, topic, name } = kafka();
    const [made, group] = [await topic(3), name()];
    const { process: asleep, says } = memberProcess(brokers, group, made);
    await says('assigned 0,1,2');
    const standby = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group, topics: [made], exclusive: true, member: standby });
    await standby.until(({ told }) => told.length === 1);
    // It keeps what it had, in the new generation.
    await says('assigned 0,1,2');
    asleep.kill('SIGSTOP');
    await standby.until(({ told }) => told.at(-1) === 'assigned 0,1,2');
    asleep.kill('SIGCONT');
    await says('lost, lease over, commit fenced');
    expect(standby.assignment.start).toEqual([0n, 0n, 0n]);
    await says('assigned ');
  });

  test('takes it as lost, and begins anew, if a member cannot take what it is given', async () => {
    const { brokers, topic, name } = kafka();
    const made = await topic(1);
    const member = new RecordingMember();
    const taking = member.assigned.bind(member);
    member.assigned = async (assignment) => {
      await taking(assignment);
      if (member.told.length === 1) throw new Error('cannot');
    };
    memberOf({ cluster: cluster(brokers), group: name(), topics: [made], member });
    const begin = performance.now();
    await member.until(({ told }) => told.length === 3);
    expect(member.told).toEqual(['assigned 0', 'lost', 'assigned 0']);
    // It has left in between, so that the group need not wait until its session is over.
    expect(performance.now() - begin).toBeLessThan(2500);
  });

  test('hands over nothing while paused, and nothing after halt', async () => {
    const { brokers, topic, name } = kafka();
    const made = await topic(1);
    const producer = await producerOf(brokers, made, 1);
    const member = new RecordingMember({ reads: false });
    await memberOf({ cluster: cluster(brokers), group: name(), topics: [made], member }).done;
    member.assignment.pause();
    member.read();
    await producer.produce(values(5).map((value) => record(0, value)));
    // What comes after it on the same broker, and is read, says that there was time to read this.
    const other = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group: name(), topics: [made], member: other });
    await other.until(({ count }) => count === 5);
    expect(member.count).toBe(0);
    member.assignment.resume();
    await member.until(({ count }) => count === 5);
    member.assignment.halt();
    await producer.produce([record(0, 'more')]);
    await other.until(({ count }) => count === 6);
    expect(member.count).toBe(5);
  });

  test('says what retention took before it was read', async () => {
    const { brokers, topic, name, admin } = kafka();
    const [made, group] = [await topic(1), name()];
    const producer = await producerOf(brokers, made, 1);
    await producer.produce(values(10).map((value) => record(0, value)));
    const first = new RecordingMember({ release: (assignment) => assignment.commit([3n]) });
    const joined = memberOf({ cluster: cluster(brokers), group, topics: [made], member: first });
    await first.until(({ count }) => count === 10);
    await joined.leave();
    await admin.deleteRecords({ topics: [{ name: made, partitions: [{ partition: 0, offset: 7n }] }] });
    const losses: unknown[] = [];
    const second = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group, topics: [made], member: second, onLoss: (...loss) => losses.push(loss) });
    await second.until(({ count }) => count === 3);
    expect(losses).toEqual([[{ topic: made, partition: 0 }, 3n, 7n]]);
    expect(second.values.get(0)).toEqual(['7', '8', '9']);
  });

  test('is told how far it has come where retention took all there was', async () => {
    const { brokers, topic, name, admin } = kafka();
    const [made, group] = [await topic(1), name()];
    const producer = await producerOf(brokers, made, 1);
    await producer.produce(values(5).map((value) => record(0, value)));
    const first = new RecordingMember({ release: (assignment) => assignment.commit([3n]) });
    const joined = memberOf({ cluster: cluster(brokers), group, topics: [made], member: first });
    await first.until(({ count }) => count === 5);
    await joined.leave();
    await admin.deleteRecords({ topics: [{ name: made, partitions: [{ partition: 0, offset: 5n }] }] });
    const second = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group, topics: [made], member: second });
    await second.until(({ next }) => next[0] === 5n);
    expect(second.count).toBe(0);
  });

  test('that begins at the end has all that comes after, even if nobody was there', async () => {
    const { brokers, topic, name } = kafka();
    const [made, group] = [await topic(1), name()];
    const producer = await producerOf(brokers, made, 1);
    await producer.produce([record(0, 'before')]);
    const first = new RecordingMember({ release: () => Promise.resolve() });
    const joined = memberOf({ cluster: cluster(brokers), group, topics: [made], from: 'latest', member: first });
    await joined.done;
    expect(first.assignment.start).toEqual([1n]);
    await joined.leave();
    await producer.produce([record(0, 'while nobody was there')]);
    const second = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group, topics: [made], from: 'latest', member: second });
    await second.until(({ count }) => count === 1);
    expect(second.values.get(0)).toEqual(['while nobody was there']);
  });

  test('a member that cannot begin comes back ever more seldom: the others have to let go each time', async () => {
    const { brokers, topic, name } = kafka();
    const options = { cluster: cluster(brokers), group: name(), topics: [await topic(2)] };
    const begins: number[] = [];
    const enough = Promise.withResolvers<void>();
    const assigned = (): Promise<void> => {
      begins.push(performance.now());
      if (begins.length === 7) enough.resolve();
      return Promise.reject(new Error('the state is away'));
    };
    memberOf({ ...options, member: { assigned, revoked: () => Promise.resolve(), lost: () => Promise.resolve() } });
    await enough.promise;
    const waits = begins.slice(1).map((at, nth) => at - (begins[nth] ?? 0));
    expect(waits.at(-1), 'six waits, each twice the one before').toBeGreaterThan(2 * (waits[0] ?? 0));
  });

  test('says at once that its user is refused', async () => {
    const { ports } = await ownKafka({ secure: true });
    const { sasl } = ports.secure ?? expect.fail('it has secure listeners');
    const refused = cluster([`127.0.0.1:${sasl}`], { sasl: { mechanism: 'plain', username: KAFKA_USER.username, password: 'wrong' } });
    const group = memberOf({ cluster: refused, group: 'g', topics: ['t'], member: new RecordingMember() });
    await expect(group.done).rejects.toMatchObject({ code: 'kafka_auth' });
  });

  test('tells how far it has come, and who reads what', async () => {
    const { brokers, topic, name } = kafka();
    const [made, group] = [await topic(2), name()];
    const producer = await producerOf(brokers, made, 2);
    await producer.produce([record(0, 'a'), record(0, 'b'), record(1, 'c')]);
    const facts = openGroupFacts(cluster(brokers), { group, topics: [made], clientId: 'facts' });
    onTestFinished(() => facts.close());
    const part = (partition: number, end: bigint) => ({ topic: made, partition, worker: null, committed: null, start: 0n, end });
    expect(await facts.lag()).toEqual([part(0, 2n), part(1, 1n)]);
    expect(await facts.members()).toEqual([]);
    const member = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group, topics: [made], clientId: 'one', member });
    await member.until(({ count }) => count === 3);
    await member.commit();
    expect(await facts.lag()).toEqual([{ ...part(0, 2n), worker: 'one', committed: 2n }, { ...part(1, 1n), worker: 'one', committed: 1n }]);
    for (const clientId of ['two', 'three']) memberOf({ cluster: cluster(brokers), group, topics: [made], clientId, member: new RecordingMember() });
    // One of three has nothing to do, and is there all the same.
    await expect.poll(async () => (await facts.members()).toSorted(), { timeout: 20_000 }).toEqual(['one', 'three', 'two']);
  });
});
