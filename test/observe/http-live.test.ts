import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MOST_WATCHERS } from '../../src/observe/http-live.ts';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import { ask, AUTHORIZED, PROBLEM } from './asking.ts';
import { noNotes, type Notes, notingOptions } from './every-route.ts';
import { CHANGE, LIVE_ATTEMPT } from './reports.ts';

const servers: HttpServer[] = [];
const requests: ClientRequest[] = [];
let notes: Notes = noNotes();
beforeEach(() => {
  notes = noNotes();
});
afterEach(async () => {
  for (const asked of requests.splice(0)) asked.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(): Promise<HttpServer> {
  const server = await startHttpServer({ ...notingOptions(notes), port: 0 });
  servers.push(server);
  return server;
}

/** Resolves with the headers. The body comes when it is read. */
async function look({ url }: HttpServer, query = ''): Promise<IncomingMessage> {
  const asked = request(`${url}/api/v1/live${query}`, { headers: AUTHORIZED, agent: false });
  asked.on('error', () => undefined);
  requests.push(asked);
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}

/** Reads until the text has `wanted`. */
async function readUntil(response: IncomingMessage, wanted: string | RegExp): Promise<string> {
  let read = '';
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    read += String(chunk);
    if (typeof wanted === 'string' ? read.includes(wanted) : wanted.test(read)) return read;
  }
  throw new Error(`the stream ended with ${read}`);
}

test('changes and attempts come as events, with what was asked for', async () => {
  const response = await look(await serve(), '?table=app.profiles&operation=update');
  expect(response.statusCode).toBe(200);
  expect(response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  const [watcher] = notes.watching;
  expect(watcher?.filter).toEqual({ table: 'app.profiles', operation: 'update' });
  watcher?.onEvent({ type: 'change', change: CHANGE });
  watcher?.onEvent({ type: 'attempt', attempt: { ...LIVE_ATTEMPT, message: 'a\nb\r\n\n\u2028' } });
  watcher?.onEvent({ type: 'skipped', count: 7 });
  const read = await readUntil(response, 'event: skipped\ndata: {"count":7}\n\n');
  expect(read).toBe(
    `:\n\nevent: change\ndata: ${JSON.stringify(CHANGE)}\n\nevent: attempt\ndata: ${JSON.stringify({ ...LIVE_ATTEMPT, message: 'a\nb\r\n\n\u2028' })}\n\nevent: skipped\ndata: {"count":7}\n\n`,
  );
});

test('to one who reads slowly only so much is told, and how much was not', async () => {
  const response = await look(await serve());
  response.pause();
  const [watcher] = notes.watching;
  const count = 20_000;
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < count; n++) watcher?.onEvent({ type: 'change', change: { ...CHANGE, xid: n, changed: ['x'.repeat(1_000)] } });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  const read = await readUntil(response, /event: skipped\ndata: .*\n\n/);
  const skipped = [...read.matchAll(/event: skipped\ndata: (.*)/g)].reduce((sum, [, data]) => sum + (JSON.parse(data ?? '') as { count: number }).count, 0);
  const told = read.match(/event: change/g)?.length ?? 0;
  expect(told).toBeGreaterThan(100);
  expect(told + skipped).toBe(count);
  watcher?.onEvent({ type: 'skipped', count: 3 });
  await readUntil(response, 'data: {"count":3}');
});

test('one who has left is told nothing any more, and makes room', async () => {
  const server = await serve();
  const looking = await Promise.all(Array.from({ length: MOST_WATCHERS }, () => look(server)));
  const refused = await ask(`${server.url}/api/v1/live`);
  expect(refused).toMatchObject({ status: 503, headers: { ...PROBLEM, 'retry-after': '10' } });
  const left = notes.watching[0]?.signal;
  expect(left?.aborted).toBe(false);
  looking[0]?.destroy();
  await vi.waitFor(() => expect(notes.watching.filter(({ signal }) => signal.aborted)).toHaveLength(1));
  notes.watching.find(({ signal }) => signal.aborted)?.onEvent({ type: 'skipped', count: 1 });
  expect((await look(server)).statusCode).toBe(200);
  expect(notes.errors).toEqual([]);
});

test('HEAD looks on at nothing', async () => {
  const server = await serve();
  for (let n = 0; n <= MOST_WATCHERS; n++) expect(await ask(`${server.url}/api/v1/live`, { method: 'HEAD' })).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
  expect(notes.watching).toEqual([]);
});

test('the end of the server, or another configuration, ends the stream cleanly', async () => {
  const server = await serve();
  const first = await look(server);
  server.replace(notingOptions(notes));
  expect(await text(first)).toBe(':\n\n');
  const second = await look(server);
  const ended = text(second);
  const began = performance.now();
  await server.close();
  // Well within what answers under way are given.
  expect(performance.now() - began).toBeLessThan(900);
  expect(await ended).toBe(':\n\n');
  expect(notes.watching.every(({ signal }) => signal.aborted)).toBe(true);
});
