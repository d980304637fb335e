import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Cli } from '../support/cli.ts';
import { daemonEnvironment, SECRET, startDaemon, testDatabase } from '../support/daemon.ts';
import { asExpected, httpMessage } from '../support/http-message.ts';
import { Receiver } from '../support/receiver.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');

/** The keys that the examples take from the environment. */
const KEYS = { WEBHOOK_SECRET: SECRET, COMMON_ROOM_SECRET: 'a-secret-of-common-room', ESP_API_KEY: 'key-1f0c' };

interface ExpectedRequest {
  readonly step: number;
  readonly text: string;
}

function read(example: string, path: string): string {
  return readFileSync(join(EXAMPLES, example, path), 'utf8');
}

/** By the number of the transaction that makes them. */
function expectedRequests(example: string): ExpectedRequest[] {
  return readdirSync(join(EXAMPLES, example, 'expected')).map((file) => ({ step: Number.parseInt(file), text: read(example, `expected/${file}`) }));
}

/** The transactions of changes.sql: its paragraphs that say more than a comment. */
function transactions(example: string): string[] {
  return read(example, 'changes.sql')
    .split(/\n{2,}/)
    .filter((paragraph) => /^(?!--)./m.test(paragraph));
}

const FOLDERS = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, 'expected')));

test.for(FOLDERS)('examples/%s passes check, and makes the very requests that it says', async (example) => {
  const expected = expectedRequests(example);
  const steps = transactions(example);
  const isScheduled = /^ +schedule: /m.test(read(example, 'walhook.yaml'));
  expect(Math.max(...expected.map(({ step }) => step))).toBe(steps.length + (isScheduled ? 1 : 0));
  const db = await testDatabase(read(example, 'schema.sql'));
  // Where requests are signed, one whose signature is wrong is refused.
  const isSigned = expected.some(({ text }) => text.includes('\nwebhook-signature: '));
  const receiver = await Receiver.open(isSigned ? { secret: SECRET } : {});
  const options = { db, yaml: read(example, 'walhook.yaml'), receivers: { WEBHOOK_URL: receiver }, env: KEYS };
  expect(await new Cli(['check'], { yaml: options.yaml, env: daemonEnvironment(options) }).result).toMatchObject({ code: 0, stderr: '' });
  const daemon = await startDaemon(options);

  const counts = [0];
  for (const [index, sql] of steps.entries()) {
    await db.sql(sql);
    const count = expected.filter(({ step }) => step <= index + 1).length;
    await receiver.deliveries(count);
    counts.push(count);
  }
  await daemon.stop();
  if (isScheduled) {
    // Its time comes after all of them.
    for (const table of ['held', 'backfill']) await db.sql(`update walhook.${table} set due_at = date_trunc('second', clock_timestamp()) - interval '5 s'`);
    await daemon.start();
    await receiver.deliveries(expected.length);
    counts.push(expected.length);
    await daemon.stop();
  }

  for (const index of counts.slice(1).keys()) {
    const those = expected.filter(({ step }) => step === index + 1).map(({ text }) => text);
    const received = receiver.requests.slice(counts[index], counts[index + 1]).map((request) => asExpected(httpMessage(request), those));
    // Hooks and rows of one transaction are not in order among each other.
    expect(received.toSorted()).toEqual(those.toSorted());
  }
  expect(receiver.requests).toHaveLength(expected.length);
});

// What a product's page shows, as it stands there, has the name of the request that must have it for a body.
const PAYLOADS = FOLDERS.filter((name) => existsSync(join(EXAMPLES, name, 'page'))).flatMap((example) => readdirSync(join(EXAMPLES, example, 'page')).map((file) => [example, file] as const));

test.for(PAYLOADS)('examples/%s: %s of its page is a body, key for key, without its white space', ([example, file]) => {
  const [, body] = read(example, `expected/${file.replace('.json', '.http')}`).split('\n\n');
  expect(body).toBe(`${JSON.stringify(JSON.parse(read(example, `page/${file}`)))}\n`);
});
