import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Resolve } from '../../src/deliver/guard.ts';
import { Sender, type SenderOptions } from '../../src/deliver/sender.ts';
import { WalhookError } from '../../src/errors.ts';
import type { Outcome } from '../../src/outcome.ts';
import { attempt, deliveryOf, endpointAt } from './endpoint.ts';

const OPTIONS: SenderOptions = { sign: null, userAgent: 'walhook/0.0.0 (+https://example.com)' };
const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

function makeSender(url: string, changes: Parameters<typeof endpointAt>[1] = {}, options: Partial<SenderOptions> = {}): Sender {
  const sender = new Sender(endpointAt(url, changes), { ...OPTIONS, ...options });
  cleanup.push(() => sender.abort());
  return sender;
}

async function listen(server: Server | TcpServer): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function http(listener: RequestListener): Promise<string> {
  return listen(createHttpServer(listener));
}

/** A server that sees bytes alone; `onData` is called for each read. */
function tcp(onData: (socket: Socket, connection: number) => void): Promise<string> {
  let connections = 0;
  return listen(
    createTcpServer((socket) => {
      const connection = ++connections;
      socket.on('data', () => onData(socket, connection));
    }),
  );
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function failed(outcome: Outcome): Extract<Outcome, { kind: 'failed' }> {
  if (outcome.kind !== 'failed') throw new Error(`delivered with ${outcome.status}`);
  return outcome;
}

function sign(id: string, timestamp: number, body: string): string {
  return `v1,${createHash('sha256').update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

const answer =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, headers).end(body);
  };

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('the request', () => {
  test('carries body, config headers, content type, user agent, id, time and signature', async () => {
    const seen = Promise.withResolvers<{ request: IncomingMessage; text: string }>();
    const url = await http((request, response) => {
      void textOf(request).then((text) => {
        seen.resolve({ request, text });
        response.writeHead(204).end();
      });
    });
    const sender = makeSender(url, { headers: new Map([['X-Api-Key', 'k']]) }, { sign });
    const before = Math.floor(Date.now() / 1000);
    expect(await attempt(sender, deliveryOf('evt_1', '{"name":"Zoë"}'))).toMatchObject({ kind: 'delivered', status: 204 });
    const { request, text } = await seen.promise;
    const timestamp = Number(request.headers['webhook-timestamp']);
    expect(text).toBe('{"name":"Zoë"}');
    expect(request.method).toBe('POST');
    expect(request.url).toBe('/hooks?a=1');
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Math.floor(Date.now() / 1000));
    expect(request.headers).toEqual({
      host: new URL(url).host,
      connection: 'keep-alive',
      'user-agent': OPTIONS.userAgent,
      'accept-encoding': 'identity',
      'x-api-key': 'k',
      'content-type': 'application/json',
      'content-length': '15',
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': sign('evt_1', timestamp, text),
    });
  });

  test('has the endpoint’s method and path where the delivery has none of its own', async () => {
    const seen: string[] = [];
    const url = await http((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end();
    });
    const sender = makeSender(`${url}/in?tenant=7`, { method: 'PUT', concurrency: 1 });
    await attempt(sender, deliveryOf('a', '{}', { method: null, path: null }));
    await attempt(sender, deliveryOf('b', '{}', { method: 'PATCH', path: null }));
    await attempt(sender, deliveryOf('c', '{}', { method: null, path: '/other' }));
    expect(seen).toEqual(['PUT /in?tenant=7', 'PATCH /in?tenant=7', 'PUT /other']);
  });

  test('of PUT, PATCH and DELETE goes over one connection', async () => {
    const server = createHttpServer(answer(200));
    let connections = 0;
    server.on('connection', () => connections++);
    const sender = makeSender(await listen(server), { concurrency: 1 });
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) await attempt(sender, deliveryOf('a', '{}', { method }));
    expect(connections).toBe(1);
  });

  test('has what the config says over what walhook says, and the URL’s user as Basic authorization', async () => {
    const seen = Promise.withResolvers<IncomingMessage>();
    const url = await http((request, response) => {
      seen.resolve(request);
      response.end();
    });
    const headers = new Map([
      ['Content-Type', 'application/vnd.crm+json'],
      ['User-Agent', 'us'],
    ]);
    await attempt(makeSender(url.replace('//', '//me:p%40ss@'), { headers }));
    expect((await seen.promise).headers).toMatchObject({
      'content-type': 'application/vnd.crm+json',
      'user-agent': 'us',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    });
  });
});

describe('the response', () => {
  test.for([200, 201, 202, 204, 299])('%d is delivered', async (status) => {
    const outcome = await attempt(makeSender(await http(answer(status))));
    expect(outcome).toMatchObject({ kind: 'delivered', status });
    expect(outcome.ms).toBeGreaterThan(0);
  });

  test('an early hint is none yet', async () => {
    const url = await http((_request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.writeHead(503).end());
    });
    expect(await attempt(makeSender(url))).toMatchObject({ kind: 'failed', status: 503 });
  });

  test('a bad status keeps the start of its text and its Retry-After', async () => {
    const url = await http(answer(503, { 'retry-after': '120' }, `busy\u0000 ${'x'.repeat(10_000)}`));
    const outcome = failed(await attempt(makeSender(url)));
    expect(outcome).toMatchObject({ failure: 'status', status: 503, message: 'the endpoint answered 503', retryAfter: 120_000 });
    expect(outcome.response).toMatch(/^busy {2}x+$/);
    expect(outcome.response).toHaveLength(2048);
  });

  test('a date in Retry-After counts from now', async () => {
    const url = await http(answer(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }));
    const { retryAfter } = failed(await attempt(makeSender(url)));
    expect(retryAfter).toBeGreaterThan(55_000);
    expect(retryAfter).toBeLessThanOrEqual(60_000);
  });

  test.for([
    [409, 'delivered'],
    [404, 'dead'],
    [422, 'dead'],
    [410, 'retry'],
    [500, 'disable'],
    [503, 'retry'],
    [200, 'delivered'],
    [202, 'retry'],
  ] as const)('%d is %s, as `responses` say, a status before its class', async ([status, expected]) => {
    const responses = new Map([['409', 'delivered'], ['4xx', 'dead'], ['410', 'retry'], ['500', 'disable'], ['202', 'retry']] as const);
    const outcome = await attempt(makeSender(await http(answer(status)), { responses }));
    expect(outcome).toMatchObject(expected === 'delivered' ? { kind: 'delivered', status } : { kind: 'failed', status, verdict: expected });
  });

  test('410 disables the endpoint', async () => {
    expect(await attempt(makeSender(await http(answer(410))))).toMatchObject({ kind: 'failed', status: 410, verdict: 'disable' });
  });

  test.for([
    ['disable', 'disable'],
    ['Disable', 'disable'],
    ['ABORT-MESSAGE', 'dead'],
    ['abort-message, disable', 'disable'],
    [' x ,\tAbort-Message ;', 'retry'],
    ['x, abort-message', 'dead'],
    ['', 'retry'],
    ['disabled', 'retry'],
  ] as const)('the header webhook-delivery: %j with a failure means %s', async ([header, verdict]) => {
    expect(await attempt(makeSender(await http(answer(500, { 'Webhook-Delivery': header }))))).toMatchObject({ kind: 'failed', verdict });
  });

  test('several webhook-delivery headers count as one list', async () => {
    const url = await http((_request, response) => {
      response.writeHead(500, ['webhook-delivery', 'abort-message', 'webhook-delivery', 'disable']).end();
    });
    expect(await attempt(makeSender(url))).toMatchObject({
      verdict: 'disable',
      message: 'the endpoint answered 500: it asked to be sent nothing more (webhook-delivery: disable)',
    });
  });

  test.for([
    ['disable', true],
    ['abort-message', false],
  ] as const)('webhook-delivery: %s with a success is delivered, and disables: %s', async ([header, disable]) => {
    expect(await attempt(makeSender(await http(answer(200, { 'webhook-delivery': header }))))).toMatchObject({ kind: 'delivered', disable });
  });

  test('webhook-delivery says more than `responses`', async () => {
    const url = await http(answer(400, { 'webhook-delivery': 'abort-message' }));
    expect(await attempt(makeSender(url, { responses: new Map([['400', 'disable']]) }))).toMatchObject({ verdict: 'dead' });
  });

  test('a redirect is a failure, is not followed, and tells the host alone', async () => {
    const paths: (string | undefined)[] = [];
    const url = await http((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: `${url}/metadata?token=secret` }).end();
    });
    const outcome = failed(await attempt(makeSender(url)));
    expect(outcome).toMatchObject({ failure: 'status', status: 307 });
    expect(outcome.message).toBe(`the endpoint answered 307; redirects are not followed (this one points to ${new URL(url).host})`);
    expect(paths).toEqual(['/hooks?a=1']);
  });

  test.for([
    [200, { kind: 'delivered' }],
    [500, { kind: 'failed', failure: 'status', response: 'x'.repeat(2048) }],
  ] as const)('a gigabyte behind %d is read to a megabyte, then the connection is closed', async ([status, expected]) => {
    const closed = Promise.withResolvers<number>();
    const url = await http((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let written = 0;
      response.writeHead(status, { 'content-length': String(1024 ** 3) });
      const write = (): void => {
        while (written < 1024 ** 3) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
      };
      response.on('close', () => closed.resolve(written));
      write();
    });
    expect(await attempt(makeSender(url))).toMatchObject({ ...expected, status });
    // What was written beyond the megabyte lies in the kernel's buffers.
    expect(await closed.promise).toBeLessThan(32 * 1024 ** 2);
  });

  test('a compressed bomb stays compressed', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2));
    const url = await http((_request, response) => {
      response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb);
    });
    expect(await attempt(makeSender(url))).toMatchObject({ status: 500, response: '(compressed, though identity was asked for)' });
  });

  test('headers without end are too large', async () => {
    const url = await tcp((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(64 * 1024)}`));
    expect(await attempt(makeSender(url))).toMatchObject({ failure: 'too_large', status: null });
  });

  test('what is no HTTP is a failure', async () => {
    const url = await tcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await attempt(makeSender(url))).toMatchObject({ failure: 'network', status: null });
  });

  test('a body cut short is not delivered', async () => {
    const url = await tcp((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'));
    expect(await attempt(makeSender(url))).toMatchObject({ failure: 'reset', status: null });
  });
});

describe('the deadline', () => {
  const timeout = 150;

  test('ends an endpoint that never answers', async () => {
    const url = await http(() => {});
    const outcome = failed(await attempt(makeSender(url, { timeout })));
    expect(outcome).toMatchObject({ failure: 'timeout', status: null });
    expect(outcome.message).toBe(`no response from ${new URL(url).host} within 0.15s`);
    expect(outcome.ms).toBeGreaterThanOrEqual(timeout);
  });

  test('ends a response that drips, however steadily', async () => {
    const closed = Promise.withResolvers<void>();
    const url = await http((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 10);
      response.on('close', () => {
        clearInterval(drip);
        closed.resolve();
      });
    });
    expect(await attempt(makeSender(url, { timeout }))).toMatchObject({
      failure: 'timeout',
      status: null,
      message: `status 200, but no whole response from ${new URL(url).host} within 0.15s`,
    });
    await closed.promise;
  });

  test('leaves a bad status what it is', async () => {
    const url = await http((_request, response) => {
      response.writeHead(503, { 'retry-after': '7' }).write('busy');
    });
    expect(await attempt(makeSender(url, { timeout }))).toMatchObject({ failure: 'status', status: 503, retryAfter: 7000, response: 'busy' });
  });

  test('counts the time to connect, and a connection that comes later sends nothing', async () => {
    const ids: unknown[] = [];
    const url = await http((request, response) => {
      ids.push(request.headers['webhook-id']);
      response.end();
    });
    const held = new EventEmitter();
    let answering = false;
    const resolve: Resolve = (_hostname, done) => {
      const answerNow = (): void => done(null, [{ address: '127.0.0.1', family: 4 }]);
      if (answering) answerNow();
      else held.once('answer', answerNow);
    };
    const sender = makeSender(url.replace('127.0.0.1', 'receiver.test'), { timeout: 300, concurrency: 1 }, { resolve });
    const outcome = failed(await attempt(sender));
    expect(outcome).toMatchObject({ failure: 'timeout', status: null, message: expect.stringContaining('no connection to') });
    answering = true;
    held.emit('answer');
    expect(await attempt(sender, deliveryOf('evt_2', '{}'))).toMatchObject({ kind: 'delivered' });
    expect(ids).toEqual(['evt_2']);
  });

  test('counts the time in line: an attempt beyond the connections is not sent after its end', async () => {
    const ids: unknown[] = [];
    const url = await http((request, response) => {
      ids.push(request.headers['webhook-id']);
      if (request.headers['webhook-id'] === 'evt_3') response.end();
    });
    const sender = makeSender(url, { timeout, concurrency: 1 });
    const outcomes = await Promise.all([attempt(sender, deliveryOf('evt_1', '{}')), attempt(sender, deliveryOf('evt_2', '{}'))]);
    expect(outcomes.map((outcome) => failed(outcome).failure)).toEqual(['timeout', 'timeout']);
    expect(await attempt(sender, deliveryOf('evt_3', '{}'))).toMatchObject({ kind: 'delivered' });
    expect(ids).toEqual(['evt_1', 'evt_3']);
  });
});

describe('the connection', () => {
  test('refused, and asked again at once over the same connection', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const sender = makeSender(url, { concurrency: 1 });
    const failures = await new Promise<string[]>((resolve) => {
      const told: string[] = [];
      const next = (outcome: Outcome): void => {
        told.push(outcome.kind === 'failed' ? outcome.failure : outcome.kind);
        if (told.length < 5) sender.attempt(deliveryOf(`evt_${told.length}`, '{}'), next);
        else resolve(told);
      };
      sender.attempt(deliveryOf('evt_0', '{}'), next);
    });
    expect(failures).toEqual(['refused', 'refused', 'refused', 'refused', 'refused']);
  });

  test('refused', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await attempt(makeSender(url))).toMatchObject({
      failure: 'refused',
      status: null,
      message: `connection refused by ${new URL(url).host} (ECONNREFUSED)`,
    });
  });

  test('reset: a fresh one is tried once', async () => {
    let connections = 0;
    const url = await tcp((socket, connection) => {
      connections = connection;
      socket.resetAndDestroy();
    });
    expect(await attempt(makeSender(url))).toMatchObject({ failure: 'reset', status: null });
    expect(connections).toBe(1);
  });

  test.for(['closed', 'reset'])('%s as a request goes out on a kept-alive one: the request is sent again, once', async (how) => {
    let reads = 0;
    const url = await tcp((socket, connection) => {
      reads++;
      if (reads === 1 || connection === 2) socket.write(OK);
      else if (how === 'closed') socket.end();
      else socket.resetAndDestroy();
    });
    const sender = makeSender(url, { concurrency: 1 });
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
    expect(reads).toBe(3);
  });

  test('reset again after that is a failure', async () => {
    let reads = 0;
    const url = await tcp((socket) => {
      reads++;
      if (reads === 1) socket.write(OK);
      else socket.resetAndDestroy();
    });
    const sender = makeSender(url, { concurrency: 1 });
    await attempt(sender);
    expect(await attempt(sender)).toMatchObject({ failure: 'reset' });
    expect(reads).toBe(3);
  });

  test('reset in the middle of a response on a kept-alive one is not sent again', async () => {
    let reads = 0;
    const url = await tcp((socket) => {
      reads++;
      if (reads === 1) socket.write(OK);
      else socket.write('HTTP/1.1 200', () => socket.resetAndDestroy());
    });
    const sender = makeSender(url, { concurrency: 1 });
    await attempt(sender);
    expect(await attempt(sender)).toMatchObject({ failure: 'reset' });
    expect(reads).toBe(2);
  });

  test('closed by the server behind each response costs nothing', async () => {
    const sender = makeSender(await http(answer(200, { connection: 'close' })), { concurrency: 1 });
    for (let i = 0; i < 5; i++) expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
  });

  test('at most as many at once as the endpoint’s concurrency, whatever is asked for', async () => {
    const server = createHttpServer(answer(200));
    let connections = 0;
    server.on('connection', () => connections++);
    const sender = makeSender(await listen(server), { concurrency: 3 });
    const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => attempt(sender, deliveryOf(`evt_${i}`, '{}'))));
    expect(outcomes.every((outcome) => outcome.kind === 'delivered')).toBe(true);
    expect(connections).toBe(3);
  });
});

describe('an end', () => {
  test('close waits for what is in flight; later attempts fail', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    const url = await http((_request, response) => arrived.resolve(response));
    const sender = makeSender(url);
    const first = attempt(sender);
    const response = await arrived.promise;
    const closed = sender.close();
    expect(await attempt(sender)).toMatchObject({ kind: 'failed', failure: 'network' });
    response.end();
    expect(await first).toMatchObject({ kind: 'delivered' });
    await closed;
    await sender.close();
  });

  test('abort gives up what is in flight and in line', async () => {
    const arrived = Promise.withResolvers<void>();
    const url = await http(() => arrived.resolve());
    const sender = makeSender(url, { concurrency: 1 });
    const attempts = [attempt(sender), attempt(sender), attempt(sender)];
    await arrived.promise;
    await sender.abort();
    await sender.abort();
    for (const outcome of await Promise.all(attempts)) expect(outcome).toMatchObject({ kind: 'failed', failure: 'network' });
    expect(await attempt(sender)).toMatchObject({ kind: 'failed', failure: 'network' });
  });

  test('what a caller throws is its own uncaught error, and the sender goes on', async () => {
    const sender = makeSender(await http(answer(200)), { concurrency: 1 });
    const uncaught = Promise.withResolvers<unknown>();
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').once('uncaughtException', uncaught.resolve);
    try {
      sender.attempt(deliveryOf('evt_1', '{}'), () => {
        throw new Error('from the caller');
      });
      expect(await uncaught.promise).toMatchObject({ message: 'from the caller' });
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
  });
});

describe('a setting that cannot work is refused at start-up', () => {
  test.for([
    ['a certificate that is not there', { tls: { ca: '/nowhere/ca.pem', cert: null, key: null } }, 'endpoints.crm.tls.ca: cannot read /nowhere/ca.pem'],
    ['a certificate that is none', { tls: { ca: import.meta.filename, cert: null, key: null } }, /not PEM/],
    ['a certificate without its key', { tls: { ca: null, cert: '/a', key: null } }, 'endpoints.crm.tls: cert and key go together'],
    ['a range that is none', { network: { allow: ['10.0.0.0/99'] } }, 'endpoints.crm.network.allow: not an address range: "10.0.0.0/99"'],
    ['a header with a line break', { headers: new Map([['X-A', 'a\r\nb: c']]) }, /"X-A" has a character that a header cannot hold/],
    ['a header that is HTTP’s own', { headers: new Map([['Transfer-Encoding', 'chunked']]) }, /"Transfer-Encoding" is not for a config to set/],
    ['a header that is walhook’s own', { headers: new Map([['Webhook-Id', '1']]) }, /"Webhook-Id" is not for a config to set/],
  ] as const)('%s', ([, changes, message]) => {
    const make = (): Sender => new Sender(endpointAt('https://crm.example.com/', changes), OPTIONS);
    expect(make).toThrow(WalhookError);
    expect(make).toThrow(message);
  });
});
