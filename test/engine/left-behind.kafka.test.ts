import { expect, test } from 'vitest';
import { Cli, type CliResult, walhook } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { describeKafka, kafka } from '../support/kafka.ts';

describeKafka('an engine that is taken out of the configuration, or is another', () => {
  test('a start is refused, check and resync tell of it; put back, all is delivered; given up, the stream goes on where it was', async () => {
    const db = await testDatabase('create table items (id int primary key)');
    const receiver = await testReceiver();
    const { brokers, name } = kafka();
    const topics = [name('first'), name('second')] as const;
    const options = (topic: string | null) => ({
      yaml: `${HEAD}server: { listen: "127.0.0.1:${port}" }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: items, table: items, to: crm }]
${topic === null ? '' : `engine: { kafka: { brokers: ${JSON.stringify(brokers)}, topic: ${topic}, partitions: 2, session: 6s } }\n`}`,
      env,
    });
    const port = await freePort();
    const env = daemonEnvironment({ db, receivers: { RECEIVER: receiver } });
    const run = (topic: string | null, ...args: string[]): Promise<CliResult> => walhook(args, options(topic));
    const started = async (topic: string | null, role: string, word: RegExp): Promise<Cli> => {
      const process = new Cli(['run', ...(role === 'one' ? [] : ['--role', role])], options(topic));
      await process.says(word);
      return process;
    };
    const stopped = async (process: Cli): Promise<void> => {
      process.signal('SIGTERM');
      expect(await process.result).toMatchObject({ code: 0 });
    };

    expect((await run(topics[0], 'check')).stdout).toContain(`topic ${topics[0]} is not there`);
    const tail = await started(topics[0], 'tail', /"streaming"/);
    await db.sql('insert into items select generate_series(1, 5)');
    await expect.poll(async () => (await run(topics[0], 'status')).stdout, { timeout: 20_000 }).toMatch(/\b5\b/);
    await stopped(tail);

    const left = `deliveries went to topic ${topics[0]} of Kafka cluster `;
    for (const topic of [null, topics[1]]) {
      const refused = await run(topic, 'run');
      expect([refused.code, `${refused.stdout}${refused.stderr}`]).toEqual([3, expect.stringContaining(left)]);
    }
    const check = await run(null, 'check', '--json');
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: false, findings: expect.arrayContaining([expect.objectContaining({ severity: 'error', code: 'engine_left' })]) });
    const resync = await run(null, 'resync');
    expect([resync.code, resync.stdout]).toEqual([3, expect.stringContaining('walhook resync --accept-gap')]);

    const worker = await started(topics[0], 'deliver', /"delivering"/);
    await receiver.received(5);
    await stopped(worker);
    const given = await run(null, 'resync', '--accept-gap', '--json');
    expect([given.code, JSON.parse(given.stdout)]).toEqual([0, expect.objectContaining({ loss: 'engine_left', accepted: true, position: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) })]);
    expect((await run(null, 'check')).code).toBe(0);
    await db.sql('insert into items values (6)');
    const alone = await started(null, 'one', /"streaming"/);
    await receiver.received(6);
    await stopped(alone);
    expect(receiver.requests).toHaveLength(6);
    // Where the brokers do not answer, check says so beside all else.
    const away = await walhook(['check'], { ...options(topics[0]), yaml: options(topics[0]).yaml.replace(JSON.stringify(brokers), '["127.0.0.1:1"]') });
    expect([away.code, away.stdout]).toEqual([3, expect.stringMatching(/^error engine\.kafka: .*127\.0\.0\.1:1/m)]);
  });
});
