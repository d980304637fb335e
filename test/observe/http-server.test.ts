import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import type { WalhookError } from '../../src/errors.ts';
import type { HttpAppOptions } from '../../src/observe/http-app.ts';
import type { Readiness } from '../../src/observe/http-health.ts';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import { NOTHING_TO_LOOK_AT } from './asking.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const TOKEN = 'a-token-of-the-tests';
let readiness: Readiness = { state: 'streaming', slot: 'walhook', problems: [] };

async function serve(options: Partial<HttpAppOptions> & { port?: number } = {}): Promise<HttpServer> {
  readiness = { state: 'streaming', slot: 'walhook', problems: [] };
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    token: null,
    readiness: () => readiness,
    status: async () => ({ state: 'streaming' }),
    metrics: () => expect.unreachable('no metrics were asked for'),
    operations: () => expect.unreachable('nothing was to be done'),
    backfills: () => expect.unreachable('nothing was to be done'),
    ...NOTHING_TO_LOOK_AT,
    audit: () => {},
    onError: () => {},
    ...options,
  });
  servers.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Record<string, unknown>;
  readonly body: Record<string, unknown>;
}

/** Not fetch: it does not let a test set Host. */
function ask(url: string, options: { headers?: Record<string, string>; method?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      text(response).then((body) => {
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          headers: response.headers,
          body: body === '' ? {} : JSON.parse(body),
        });
      }, reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('/healthz answers while the event loop turns, whatever the state', async () => {
  const { url } = await serve({ status: () => new Promise(() => {}) });
  readiness = { state: 'reconnecting', slot: 'walhook', problems: ['the database is away'] };
  expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } });
});

describe('/readyz', () => {
  test('is 200 while streaming without problems', async () => {
    const { url } = await serve();
    expect(await ask(`${url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ready', state: 'streaming' } });
  });

  test.for([
    [{ state: 'draining', slot: 'walhook', problems: [] }, ['state is draining']],
    [{ state: 'standby', slot: 'walhook', problems: [] }, ['state is standby']],
    [{ state: 'streaming', slot: 'walhook', problems: ['the slot is lost'] }, ['the slot is lost']],
    [{ state: 'reconnecting', slot: 'walhook', problems: ['no route'] }, ['state is reconnecting', 'no route']],
  ] satisfies [Readiness, string[]][])('is 503 with the reasons: %j', async ([told, reasons]) => {
    const { url } = await serve();
    readiness = told;
    expect(await ask(`${url}/readyz`)).toMatchObject({
      status: 503,
      type: 'application/problem+json',
      body: { type: 'about:blank', title: 'Service Unavailable', status: 503, state: told.state, reasons },
    });
  });
});

describe('/api/v1/status', () => {
  test('on loopback without a token it is open', async () => {
    const { url } = await serve();
    expect(await ask(`${url}/api/v1/status`)).toMatchObject({ status: 200, body: { state: 'streaming' } });
  });

  test('with a token it asks for it', async () => {
    const { url } = await serve({ token: TOKEN });
    const refused = { status: 401, type: 'application/problem+json', headers: { 'www-authenticate': 'Bearer' } };
    expect(await ask(`${url}/api/v1/status`)).toMatchObject(refused);
    for (const authorization of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN, 'Bearer', '']) {
      expect(await ask(`${url}/api/v1/status`, { headers: { authorization } }), authorization).toMatchObject(refused);
    }
    expect(await ask(`${url}/api/v1/status`, { headers: { authorization: `Bearer ${TOKEN}` } })).toMatchObject({ status: 200 });
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200 });
  });

  test('paths below /api that do not exist tell a stranger nothing', async () => {
    const { url } = await serve({ token: TOKEN });
    expect(await ask(`${url}/api/v1/nothing`)).toMatchObject({ status: 401 });
  });

  test('a failure is logged and shown without its reason', async () => {
    const errors: unknown[] = [];
    const failure = new Error('row (1, secret) is bad');
    const { url } = await serve({ status: () => Promise.reject(failure), onError: (error) => errors.push(error) });
    const answer = await ask(`${url}/api/v1/status`);
    expect(answer).toMatchObject({ status: 500, type: 'application/problem+json' });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(errors).toEqual([failure]);
  });
});

describe('who may ask', () => {
  test.for(['localhost', 'LOCALHOST:9464', '127.0.0.1:1', '127.1.2.3', '[::1]:9464', '[::1]'])('on loopback Host %s is answered', async (host) => {
    const { url } = await serve();
    expect(await ask(`${url}/healthz`, { headers: { host } })).toMatchObject({ status: 200 });
  });

  test.for(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '10.0.0.1', '[::2]:80', '2130706433'])(
    'on loopback Host %s is refused',
    async (host) => {
      const { url } = await serve();
      expect(await ask(`${url}/api/v1/status`, { headers: { host } })).toMatchObject({ status: 403, type: 'application/problem+json' });
    },
  );

  test('beyond loopback any Host is answered: it has a token', async () => {
    const { url } = await serve({ host: '0.0.0.0', token: TOKEN });
    expect(await ask(`${url.replace('0.0.0.0', '127.0.0.1')}/healthz`, { headers: { host: 'walhook.internal' } })).toMatchObject({ status: 200 });
  });

  test('pages of another origin are refused, its own are not', async () => {
    const { url } = await serve();
    const own = new URL(url).host;
    expect(await ask(`${url}/readyz`, { headers: { origin: `http://${own}` } })).toMatchObject({ status: 200 });
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', '']) {
      expect(await ask(`${url}/readyz`, { headers: { origin } }), origin).toMatchObject({ status: 403 });
    }
  });
});

test('what is not there is 404, and what is there takes GET alone', async () => {
  const { url } = await serve();
  expect(await ask(`${url}/nothing`)).toMatchObject({ status: 404, type: 'application/problem+json', body: { status: 404 } });
  expect(await ask(`${url}/healthz`, { method: 'POST' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
});

test('a port in use gives one clear line', async () => {
  const { url } = await serve();
  const port = Number(new URL(url).port);
  const failure: WalhookError = await serve({ port }).then(() => expect.unreachable(), (error) => error);
  expect(failure).toMatchObject({ code: 'port_in_use', message: `server.listen: port ${port} of 127.0.0.1 is in use, perhaps by another walhook` });
});

test('close may be called twice, and frees the port', async () => {
  const server = await serve();
  await Promise.all([server.close(), server.close()]);
  await expect(ask(`${server.url}/healthz`)).rejects.toThrow('ECONNREFUSED');
});
