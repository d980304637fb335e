import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { configurationMarkdown } from '../../src/config/reference.ts';
import { load, refusal } from './loading.ts';

// `vitest run test/config/reference.test.ts -u` writes both files anew.
test('docs/configuration.md is what the schema says', async () => {
  await expect(configurationMarkdown()).toMatchFileSnapshot('../../docs/configuration.md');
});

test('examples/walhook.schema.json is what the schema says', async () => {
  await expect(`${JSON.stringify(jsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../examples/walhook.schema.json');
});

test('every option has its prose', () => {
  const bare: string[] = [];
  const visit = (path: string, json: unknown): void => {
    if (typeof json !== 'object' || json === null) return;
    for (const [key, value] of Object.entries(json)) {
      if (key === 'properties') {
        for (const [name, option] of Object.entries(value as Record<string, object>)) {
          if (!('description' in option)) bare.push(`${path}.${name}`);
          visit(`${path}.${name}`, option);
        }
      } else {
        visit(path, value);
      }
    }
  };
  visit('', jsonSchema());
  expect(bare).toEqual([]);
});

describe('the JSON Schema agrees with the loader', () => {
  const validator = z.fromJSONSchema(jsonSchema());
  const E = 'endpoints: { crm: { url: "https://example.com" } }\n';

  test.each([
    'version: 1\n',
    'version: 1\nsource:\nlimits:\ntables:\nhooks:\n',
    'version: 1\nlimits: { in_flight: "${N}", memory: "${N}MiB", shutdown: 1m30s }\nsource: { manage: "${B}" }\n',
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm }, { name: b, table: t, to: [crm], events: [insert] }]\n`,
    `version: 1\n${E}tables: { t: , u: { visibility: { a: b } } }\n`,
    `version: 1\n${E}notify: { to: crm, lag: 1m }\ndead_letters: { keep: 30d, most: 5 }\nsource: { failover: true }\n`,
    'version: 1\nendpoints: { crm: { url: "http://x", disable_after: 5d, responses: { 409: delivered, 4xx: dead, "503": "${R:-retry}" } } }\n',
    'version: 1\nengine: { kafka: { brokers: "k:9092,l:9092", partitions: "${N}", tls: true, sasl: { mechanism: plain, username: a, password: "${N}" } } }\n',
    'version: 1\nstate: { url: "postgres://x" }\nsource: { kafka: { brokers: [k:9092], topics: a, format: debezium, tls: { ca: /etc/ssl/ca.pem } } }\n',
    'version: 1\nendpoints: { a: { type: kafka, brokers: k:9092, topic: "a.${{ event.table }}", key: "${{ row.id }}", tls: "${B}" }, b: { type: http, url: "http://x" } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", rate: 5/s, headers: { a: b }, retry: { factor: 2, max: "${N}h" } } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", batch: {} }, erp: { url: "http://x", batch: { size: "${N}", bytes: 512KiB, linger: 0s } } }\n',
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, body: { a: [1, "\${{ row.a }}"] }, omit_null: true, method: GET, path: "/\${{ row.id }}", headers: { A: "\${{ row.a }}" } }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, body: "\${{ row.a }}", method: "\${{ row.a }}", schedule: "0 6 * * *", cooldown: 1d, encoding: form, format: standard }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm }]\ntests: [{ hook: a, row: { id: 1 }, expect: null }, { hook: a, name: b, row: { a: [1] }, old: { a: }, operation: update, expect: { method: PUT, headers: { A: b, C: }, data: { a: 1 } } }, { hook: a, row: {}, expect: false }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, schedule: { cron: "0 6 * * 1-5", timezone: Europe/Amsterdam }, enrich: { a: select 1, b: { sql: select 2, many: true, timeout: 1s, cache: 1m } } }]\n`,
  ])('accepted by both: %j', (text) => {
    expect(validator.safeParse(parse(text)).success).toBe(true);
    expect(load(text, { N: '7', B: 'true' })).toBeDefined();
  });

  test.each([
    'version: 2\n',
    'source: {}\n',
    'version: 1\nhoks: []\n',
    'version: 1\nlimits: { in_flight: 0 }\n',
    'version: 1\nlimits: { in_flight: "5" }\n',
    'version: 1\nlimits: { memory: 64 }\n',
    'version: 1\nlimits: { shutdown: 1y }\n',
    'version: 1\nsource: { manage: "yes" }\n',
    'version: 1\nsource: { slot: My-Slot }\n',
    'version: 1\nendpoints: { crm: {} }\n',
    'version: 1\nendpoints: { a: { type: kafka, topic: a } }\n',
    'version: 1\nendpoints: { a: { brokers: k:9092, topic: a } }\n',
    'version: 1\nendpoints: { a: { type: kafka, brokers: k:9092, topic: a, url: "http://x" } }\n',
    'version: 1\nengine: { kafka: { topic: a } }\n',
    'version: 1\nengine: { kafka: { brokers: k:9092, tls: yes } }\n',
    'version: 1\nendpoints: { crm: { url: "ftp://x" } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", timout: 1s } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", batch: { size: 0 } } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", batch: { linger: 5 } } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", batch: 100 } }\n',
    `version: 1\n${E}hooks: [{ name: a, table: t }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, events: [inserted] }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, schedule: x }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, schedule: { timezone: UTC } }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, path: x }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, path: //x }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, method: get }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, format: cloudevent }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, enrich: { a: 5 } }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm, enrich: { a: { many: true } } }]\n`,
    'version: 1\ntables: { t: { key: [] } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", responses: { 409: ignored } } }\n',
    'version: 1\nendpoints: { crm: { url: "http://x", disable_after: 5 } }\n',
    'version: 1\ndead_letters: { keep: forever }\n',
    'version: 1\nnotify: { too: [] }\n',
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm }]\ntests: [{ hook: a, row: {} }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm }]\ntests: [{ hook: a, row: {}, operation: truncate, expect: {} }]\n`,
    `version: 1\n${E}hooks: [{ name: a, table: t, to: crm }]\ntests: [{ hook: a, row: {}, expect: { bdy: {} } }]\n`,
  ])('refused by both: %j', (text) => {
    expect(validator.safeParse(parse(text)).success).toBe(false);
    expect(refusal(text).problems).not.toEqual([]);
  });
});
