import { expect, test } from 'vitest';
import { Cli, type CliResult, walhook } from '../support/cli.ts';
import { daemonEnvironment, testDatabase } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { describeKafka, kafka } from '../support/kafka.ts';

describeKafka('commands, with a topic as the source', () => {
  test('a daemon tells of its topics, does what people ask, and keeps the state from being dropped; once it is gone, all of it but Kafka’s goes', async () => {
    const db = await testDatabase('create table people (id int primary key)');
    const { brokers, topic, name } = kafka();
    const [made, group] = [await topic(2), name('group')];
    const yaml = `version: 1
source: { kafka: { brokers: ${JSON.stringify(brokers)}, topics: [${made}], group: ${group}, session: 6s, format: debezium } }
state: { url: "\${DATABASE_URL}" }
server: { listen: "127.0.0.1:${await freePort()}" }
tables: { people: { key: [id] } }
endpoints: { crm: { url: https://crm.example.com/hooks, signing: { secrets: ["\${SECRET}"] } } }
hooks: [{ name: people, table: people, to: crm }]
`;
    const options = { yaml, env: daemonEnvironment({ db, receivers: {} }) };
    const daemon = new Cli(['run'], options);
    await daemon.says(/"delivering"/);
    const run = (...args: string[]): Promise<CliResult> => walhook(args, options);

    const status = await run('status');
    expect([status.code, status.stderr]).toEqual([0, '']);
    expect(status.stdout).toContain(`readers: topic ${made}, group ${group}; this process reads them, and delivers\n  partitions 0, 1, generation 1`);
    expect(status.stdout).toMatch(/^ {2}\S+ \(this\) +2 +0, 1 +0$/m);
    expect(status.stdout).toContain(`source: topic ${made} of Kafka, group ${group}\n`);
    expect(status.stdout).not.toMatch(/slot|has not answered/);
    expect(await run('pause', 'crm')).toMatchObject({ code: 0, stdout: expect.stringContaining('crm is paused') });
    expect(await run('resume', 'crm')).toMatchObject({ code: 0 });
    expect(await run('backfill', 'people')).toMatchObject({ code: 1, stderr: expect.stringContaining('there are no rows to be read: the source is Kafka') });
    expect(await run('uninstall', '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining('a daemon runs, and answers on') });
    // One of another machine, say.
    const elsewhere = { ...options, yaml: yaml.replace(/listen: "[^"]*"/, 'listen: "127.0.0.1:1"') };
    const reading = await walhook(['uninstall', '--yes'], elsewhere);
    expect([reading.code, reading.stderr]).toEqual([1, expect.stringMatching(new RegExp(`^walhook: group ${group} is being read by \\S+-\\d+: stop it first\\n {2}kafka-consumer-groups\\.sh .* --group ${group} --describe --members\\n$`))]);
    // It sees what is done in the state.
    expect(await walhook(['pause', 'crm', '--reason', 'audit'], elsewhere)).toMatchObject({ code: 0 });
    await expect.poll(async () => (await run('status')).stdout, { timeout: 20_000 }).toMatch(/crm +paused/);

    daemon.signal('SIGTERM');
    expect(await daemon.result).toMatchObject({ code: 0 });
    const dry = await run('uninstall', '--dry-run');
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    expect(dry.stdout).toContain('DROP SCHEMA "walhook" CASCADE;');
    expect(dry.stdout).toMatch(new RegExp(`-- left: delete consumer group ${group}, .*\\n-- kafka-consumer-groups\\.sh .* --group ${group} --delete\\n`));
    expect(await run('uninstall', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(await db.sql(`select from pg_namespace where nspname = 'walhook'`)).toEqual([]);
  });
});
