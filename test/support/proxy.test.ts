import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Proxy } from './proxy.ts';

/** A server that says back what it hears, a proxy before it, and a connection by way of it. */
async function echo(): Promise<{ proxy: Proxy; dial: () => Promise<Socket> }> {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await Proxy.before(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    // Tests end connections as they like.
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
  return { proxy, dial };
}

/** What comes back until `length` bytes are there or the connection ends. */
async function heard(socket: Socket, length: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    all = Buffer.concat([all, chunk as Buffer]);
    if (all.length >= length) break;
  }
  return all;
}

test('sliced and late, all bytes arrive in their order', async () => {
  const { proxy, dial } = await echo();
  proxy.manner = { latency: 5, slice: 7 };
  const socket = await dial();
  const sent = Buffer.from(Array.from({ length: 2_000 }, (_, i) => i % 251));
  socket.write(sent);
  expect(await heard(socket, sent.length)).toEqual(sent);
});

test('a half-open connection swallows everything and stays, and a new one works', async () => {
  const { proxy, dial } = await echo();
  const first = await dial();
  first.write('a');
  expect((await heard(first, 1)).toString()).toBe('a');
  proxy.halfOpen();
  let ended = false;
  first.on('data', () => (ended = true)).on('close', () => (ended = true));
  first.write('b');
  const second = await dial();
  second.write('c');
  expect((await heard(second, 1)).toString()).toBe('c');
  expect(ended).toBe(false);
  expect(proxy.open).toBe(1);
});

test('a connection is reset at the byte, and what was before it arrives', async () => {
  const { proxy, dial } = await echo();
  const socket = await dial();
  proxy.resetAfter(15);
  socket.write('0123456789');
  const ended = once(socket, 'error');
  const came: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => came.push(chunk));
  expect((await ended)[0]).toMatchObject({ code: 'ECONNRESET' });
  expect('0123456789'.startsWith(Buffer.concat(came).toString())).toBe(true);
  expect(proxy.armed).toBe(false);
});

test('what is sent while it pauses arrives when it goes on', async () => {
  const { proxy, dial } = await echo();
  const socket = await dial();
  socket.write('a');
  await heard(socket, 1);
  proxy.pause();
  socket.write('b');
  proxy.resume();
  expect((await heard(socket, 1)).toString()).toBe('b');
});

test('nobody is let in while it does not accept', async () => {
  const { proxy, dial } = await echo();
  proxy.accepts = false;
  const refused = connect(Number(new URL(proxy.url).port), '127.0.0.1').on('error', () => undefined);
  await new Promise((resolve) => refused.once('close', resolve));
  proxy.accepts = true;
  const socket = await dial();
  socket.write('a');
  expect((await heard(socket, 1)).toString()).toBe('a');
});
