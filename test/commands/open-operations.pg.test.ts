import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { withOperations } from '../../src/commands/open-operations.ts';
import type { Config } from '../../src/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { freePort } from '../support/free-port.ts';
import { delivery, parking } from '../store/delivery.ts';
import { testState, type TestState } from '../store/state.ts';

/** What answers in place of the daemon, if anything does. */
async function world(answer: { readonly status: number; readonly body: object } | null): Promise<TestState & { readonly config: Config }> {
  const found = await testState();
  await parkingStore(found.state, found.owner).park([parking(delivery(1))]);
  let port = await freePort();
  if (answer !== null) {
    const server = createServer((_request, response) => response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    ({ port } = server.address() as AddressInfo);
  }
  const config = loadConfig({
    text: `version: 1
source: { url: "${found.database.url}", slot: "${found.database.name}" }
server: { listen: "127.0.0.1:${port}" }
endpoints: { crm: { url: "https://crm.example" } }`,
    file: 'walhook.yaml',
    env: {},
    readFile: () => '',
  });
  return { ...found, config };
}

const list = (config: Config, writes = false): Promise<number> =>
  withOperations(config, { writes }, async (operations) => (await operations.list({ state: 'parked', limit: 10 })).deliveries.length);
const discard = (config: Config): Promise<number> => withOperations(config, { writes: true }, async (operations) => (await operations.act('discard', { state: 'parked' })).count);

test('a daemon that stands by changes nothing, but does not keep anybody from looking', async () => {
  const { config } = await world({ status: 503, body: { state: 'standby', reasons: ['state is standby'] } });
  expect(await list(config)).toBe(1);
  await expect(discard(config)).rejects.toMatchObject({ code: 'not_running', message: expect.stringContaining('stands by') });
  expect(await list(config)).toBe(1);
});

test('a daemon that starts or ends is asked, and says so itself; looking goes past it', async () => {
  const { config } = await world({ status: 503, body: { state: 'draining', detail: 'walhook is draining', code: 'not_running' } });
  expect(await list(config)).toBe(1);
  await expect(discard(config)).rejects.toMatchObject({ code: 'not_running', message: 'walhook is draining' });
});

test('what is no walhook is told', async () => {
  const { config } = await world({ status: 200, body: { hello: 'world' } });
  await expect(list(config)).rejects.toMatchObject({ code: 'not_walhook' });
});

test('without a daemon the state is taken over by what changes it, and by nothing else', async () => {
  const { config, database } = await world(null);
  const epoch = async (): Promise<unknown> => (await database.sql('select epoch::int from walhook.owner where slot = $1', [config.source.slot]))[0]?.['epoch'];
  expect(await list(config)).toBe(1);
  expect(await epoch()).toBeUndefined();
  expect(await discard(config)).toBe(1);
  expect(await epoch()).toBe(1);
});
