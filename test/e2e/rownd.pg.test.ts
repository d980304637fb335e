import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { SECRET, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import type { ReceivedRequest } from '../support/receiver.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../examples/rownd');

function example(path: string): string {
  return readFileSync(join(EXAMPLE, path), 'utf8');
}

/** The example's payloads in the order of its statements: as Rownd's page has them, without its white space. */
const PAYLOADS = readdirSync(join(EXAMPLE, 'expected'))
  .toSorted()
  .map((file) => JSON.stringify(JSON.parse(example(`expected/${file}`))));
const STATEMENTS = example('changes.sql')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('--'));

/** Runs the example's statements, one transaction each, under a config. */
async function requestsOf(yaml: string, env: Readonly<Record<string, string>> = {}): Promise<readonly ReceivedRequest[]> {
  const db = await testDatabase(example('schema.sql'));
  const receiver = await testReceiver();
  await startDaemon({ db, yaml, receivers: { RECEIVER: receiver }, env: { WEBHOOK_URL: `${receiver.url}/hooks`, WEBHOOK_SECRET: SECRET, ...env } });
  for (const statement of STATEMENTS) await db.sql(statement);
  await receiver.deliveries(STATEMENTS.length);
  return receiver.requests;
}

function bodiesOf(requests: readonly ReceivedRequest[]): string[] {
  return requests.map((request) => request.body.toString());
}

test('the example gives the four payloads of the page, key for key and in order', async () => {
  expect(PAYLOADS).toHaveLength(4);
  const requests = await requestsOf(example('walhook.yaml'));
  expect(bodiesOf(requests)).toEqual(PAYLOADS);
  for (const { method, url, headers } of requests) {
    expect({ method, url, type: headers['content-type'] }).toEqual({ method: 'POST', url: '/hooks', type: 'application/json' });
    expect(headers['user-agent']).toMatch(/^walhook\//);
  }
});

const NAMES = new Map([['email', 'mail'], ['first_name', 'given_name'], ['country', 'land'], ['user_id', 'id']]);

test('with renamed fields and another method, names change in data, redacted and lookup_values, and nothing else does', async () => {
  const rename = [...NAMES].map(([from, to]) => `${from}: ${to}`);
  const yaml = example('walhook.yaml').replace('omit_null: true', `omit_null: true, rename: { ${rename.join(', ')} }`);
  const requests = await requestsOf(yaml, { WEBHOOK_METHOD: 'PUT' });
  // Every name stands in quotes of its own, in a payload's keys and in its lists of names.
  const renamed = PAYLOADS.map((payload) => payload.replaceAll(/(?<=")\w+(?=")/g, (name) => NAMES.get(name) ?? name));
  expect(bodiesOf(requests)).toEqual(renamed);
  expect(renamed[2]).toContain('"redacted":["land"]');
  expect(renamed[3]).toContain('{"field":"mail"');
  expect(requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT', 'PUT']);
});
