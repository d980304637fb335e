import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { askStatus, daemonState, type Whose } from '../../src/commands/daemon-client.ts';
import { loadConfig } from '../../src/config/load.ts';

/** A daemon of this slot, as a configuration of slot `ours` would ask it. */
async function answering(slot: string): Promise<Whose> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ status: 'ready', state: 'streaming', slot, endpoints: [] }));
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return loadConfig({ text: `version: 1\nsource: { slot: ours }\nserver: { listen: "127.0.0.1:${port}" }`, file: 'walhook.yaml', env: {}, readFile: () => '' });
}

test('the daemon of this configuration tells its state', async () => {
  expect(await daemonState(await answering('ours'))).toBe('streaming');
  expect(await askStatus(await answering('ours'))).toMatchObject({ slot: 'ours' });
});

test('the daemon of another slot, which listens where this one should, is not taken for it', async () => {
  expect(await daemonState(await answering('theirs'))).toBeNull();
  await expect(askStatus(await answering('theirs'))).rejects.toMatchObject({ code: 'other_daemon', message: expect.stringContaining('another walhook, of slot theirs') });
});

test('one that starts does not know its slot yet', async () => {
  expect(await daemonState(await answering(''))).toBe('streaming');
});
