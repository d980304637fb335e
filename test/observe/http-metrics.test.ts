import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import type { MetricFacts } from '../../src/observe/metric-facts.ts';
import { NOTHING_TO_LOOK_AT, PROBLEM, TOKEN } from './asking.ts';
import { parseExposition, valueOf } from './exposition.ts';

const FACTS: MetricFacts = {
  problems: [],
  state: 'streaming',
  received: '0/20',
  confirmed: '0/10',
  behind: 0,
  in_flight: { deliveries: 0, bytes: 0 },
  wal: null,
  endpoints: [],
  not_configured: [],
  backfills: [],
  hooks: [],
};

const servers: HttpServer[] = [];
let scrapes = 0;
afterEach(async () => {
  scrapes = 0;
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(host: string, token: string | null, metrics = async (): Promise<MetricFacts> => FACTS): Promise<string> {
  const server = await startHttpServer({
    host,
    port: 0,
    token,
    readiness: () => ({ state: 'streaming', slot: 'walhook', problems: [] }),
    status: () => expect.unreachable('the API was not asked'),
    metrics: () => {
      scrapes++;
      return metrics();
    },
    operations: () => expect.unreachable('nothing was to be done'),
    backfills: () => expect.unreachable('nothing was to be done'),
    ...NOTHING_TO_LOOK_AT,
    audit: () => {},
    onError: () => {},
  });
  servers.push(server);
  return `${server.url.replace('0.0.0.0', '127.0.0.1')}/metrics`;
}

function scrape(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }), reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('a scrape is answered in the text format, each time anew', async () => {
  let deliveries = 1;
  const url = await serve('127.0.0.1', null, async () => ({ ...FACTS, in_flight: { deliveries: deliveries++, bytes: 5 } }));
  for (const expected of [1, 2]) {
    const { status, headers, body } = await scrape(url);
    expect({ status, headers }).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } });
    expect(valueOf(parseExposition(body), 'walhook_in_flight_deliveries')).toBe(expected);
  }
  expect(await scrape(url, {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('with a token, who has none or another one is refused, on loopback and beyond', async () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const url = await serve(host, TOKEN);
    for (const authorization of ['', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN]) {
      const answer = await scrape(url, authorization === '' ? {} : { authorization });
      expect(answer, authorization).toMatchObject({ status: 401, headers: { ...PROBLEM, 'www-authenticate': 'Bearer' } });
      expect(answer.body).not.toContain('walhook_');
    }
    expect(scrapes).toBe(0);
    expect(await scrape(url, { authorization: `Bearer ${TOKEN}` })).toMatchObject({ status: 200 });
    scrapes = 0;
  }
});

test('another Host, where it is on loopback, and a page of another origin are refused', async () => {
  const url = await serve('127.0.0.1', TOKEN);
  const authorization = `Bearer ${TOKEN}`;
  for (const strange of [{ host: 'evil.example' }, { host: '127.0.0.1.nip.io' }, { origin: 'http://evil.example' }, { origin: 'null' }]) {
    expect(await scrape(url, { authorization, ...strange })).toMatchObject({ status: 403, headers: PROBLEM });
  }
  expect(scrapes).toBe(0);
  const beyond = await serve('0.0.0.0', TOKEN);
  expect(await scrape(beyond, { authorization, host: 'walhook.internal:9464' })).toMatchObject({ status: 200 });
});

test('it can only be read', async () => {
  const url = await serve('127.0.0.1', null);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect(await scrape(url, {}, method), method).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: 'GET, HEAD' } });
  expect(await scrape(`${url}/more`)).toMatchObject({ status: 404 });
  expect(scrapes).toBe(0);
});
