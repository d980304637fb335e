import { Client } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { Connections, type Holder } from '../../src/deliver/connections.ts';

const made: Client[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((client) => client.destroy()));
});

function connect(): Client {
  const client = new Client('http://127.0.0.1:9');
  made.push(client);
  return client;
}

function holder(): Holder {
  return { connection: null };
}

test('a holder keeps its connection, and the one released last is taken first', () => {
  const connections = new Connections(3, connect);
  const [a, b, c] = [holder(), holder(), holder()];
  const first = connections.of(a);
  expect(connections.of(a)).toBe(first);
  const second = connections.of(b);
  expect(second).not.toBe(first);
  connections.release(a);
  connections.release(b);
  expect(connections.of(c)).toBe(second);
  expect(connections.of(b)).toBe(first);
  expect(made).toHaveLength(2);
});

test('there are never more than allowed: who comes besides shares one, and gives back none', () => {
  const connections = new Connections(2, connect);
  const [a, b, c, d] = [holder(), holder(), holder(), holder()];
  const own = [connections.of(a), connections.of(b)];
  expect(own).toContain(connections.of(c));
  connections.release(c);
  connections.release(a);
  expect(connections.of(d)).toBe(own[0]);
  expect(made).toHaveLength(2);
});

test('what is asked for after the end fails, and nothing is left open', async () => {
  const connections = new Connections(2, connect);
  await connections.destroy();
  const late = connections.of(holder());
  expect(made.every((client) => client.destroyed)).toBe(true);
  const error = await new Promise((resolve) => {
    late.dispatch({ path: '/', method: 'GET' }, { onResponseError: (_controller, cause) => resolve(cause) });
  });
  expect(error).toMatchObject({ code: 'UND_ERR_DESTROYED' });
});
