import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Tracker } from '../src/checkpoint/tracker.ts';
import { loadConfig } from '../src/config/load.ts';
import type { KafkaSourceConfig } from '../src/config.ts';
import type { Producer } from '../src/engine/port.ts';
import { Enriching } from '../src/enriching.ts';
import type { Wiring } from '../src/record-stages.ts';
import { TopicWay } from '../src/topic-way.ts';

test('stages that cannot be made leave nothing open', async () => {
  const config = loadConfig({
    text: `version: 1
source: { kafka: { brokers: ["localhost:9092"], topics: [t], group: g } }
state: { url: "postgres://localhost/app" }
tables: { items: { key: [id] } }
endpoints: { crm: { url: "https://crm.example.com", tls: { ca: /nowhere/ca.pem } } }
hooks: [{ name: all, table: items, to: crm }]
`,
    file: 'walhook.yaml',
    env: {},
    readFile: () => '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
  });
  const closed: string[] = [];
  const closing = (what: string) => async () => void closed.push(what);
  const nobody = (): Promise<never> => Promise.reject(new Error('nobody asks'));
  const producer: Producer = { add: () => undefined, problem: null, close: closing('producer') };
  const way = new TopicWay(config.source.kafka as KafkaSourceConfig, {
    config,
    userAgent: 'walhook/test',
    cluster: 'c',
    producer: () => producer,
    enriching: () => new Enriching({ config, origin: { database: '', slot: 'g' }, pool: { query: nobody }, database: { run: nobody, together: nobody, close: closing('enriching') } }),
  });
  const wiring = {
    log: pino({ level: 'silent' }), tracer: null, history: null, onOutcome: null, before: (send: unknown) => send,
    assignment: { parts: [{ topic: 't', partition: 0 }] }, generation: { parking: {}, claims: {} },
    tickets: new Tracker(0), progress: () => new Tracker(0),
    onFull: () => undefined, onRelief: () => undefined, onNotice: () => undefined, onFenced: () => undefined, onBroken: () => undefined,
  } as unknown as Wiring;
  expect(() => way.stages(wiring)).toThrow('/nowhere/ca.pem');
  await expect.poll(() => closed).toEqual(['enriching', 'producer']);
});
