import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { MOST_BODY } from '../../src/observe/http-body.ts';
import { MOST_DEEP } from '../../src/observe/http-hostility.ts';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import { ask, type Answer, AUTHORIZED, JSON_TYPE, post, PROBLEM, TOKEN } from './asking.ts';
import { described, everyRoute, noNotes, type Notes, notingOptions, type Route, SAMPLES, sampleOf } from './every-route.ts';

// Walks the OpenAPI document, so that a new route cannot be forgotten.

const ROUTES = everyRoute();
const POSTS = ROUTES.filter(({ method }) => method === 'POST');
const ANSWERING = ROUTES.filter(({ path }) => path !== '/api/v1/live');
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const QUERIED = described().filter(({ query }) => query !== undefined);
const SCHEMAS = new Map(described().map((route) => [nameOf(route), route.answers]));

const servers: HttpServer[] = [];
let notes: Notes = noNotes();
beforeEach(() => {
  notes = noNotes();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(failure: Error | null = null): Promise<string> {
  const server = await startHttpServer({ ...notingOptions(notes, failure), port: 0 });
  servers.push(server);
  return server.url;
}

function askSample(url: string, route: Route, headers: Record<string, string> = AUTHORIZED): Promise<Answer> {
  const { at, body } = sampleOf(route);
  return ask(`${url}${at}`, { method: route.method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

function expectNothingDone(): void {
  expect(notes.calls).toEqual([]);
  expect(notes.audit).toEqual([]);
  expect(notes.watching).toEqual([]);
}

test('a test payload needs nothing to be said of it', async () => {
  const url = await serve();
  expect((await ask(`${url}/api/v1/endpoints/crm/test`, { method: 'POST', headers: AUTHORIZED, body: '{}' })).status).toBe(200);
  expect(notes.calls).toEqual([['test', 'crm', { data: null, hook: null }]]);
});

test('there is a sample of each route, and none besides', () => {
  expect(Object.keys(SAMPLES).toSorted()).toEqual(ROUTES.map(nameOf).toSorted());
});

describe.each(ROUTES.map((route) => [nameOf(route), route] as const))('%s', (_name, route) => {
  test('without a token, with a wrong one, of another host or origin: refused', async () => {
    const url = await serve();
    for (const authorization of ['', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Bearer ${TOKEN.toUpperCase()}`, `Basic ${TOKEN}`, TOKEN, 'Bearer']) {
      const answer = await askSample(url, route, { ...JSON_TYPE, ...(authorization === '' ? {} : { authorization }) });
      expect(answer, authorization).toMatchObject({ status: 401, headers: { ...PROBLEM, 'www-authenticate': 'Bearer' } });
    }
    for (const strange of [{ host: 'evil.example' }, { host: '127.0.0.1.nip.io' }, { origin: 'http://evil.example' }, { origin: 'null' }]) {
      expect(await askSample(url, route, { ...AUTHORIZED, ...strange })).toMatchObject({ status: 403, headers: PROBLEM });
    }
    expectNothingDone();
  });

  test('by a method that it has not', async () => {
    const url = await serve();
    const { at } = sampleOf(route);
    const others = ROUTES.filter(({ path }) => path === route.path).map(({ method }) => method);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => !others.some((had) => had === one))) {
      expect(await ask(`${url}${at}`, { method }), method).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: expect.any(String) } });
    }
    expectNothingDone();
  });
});

test.each(ROUTES.filter(({ path }) => path.includes('{')).map((route) => [nameOf(route), route] as const))('%s: of a name that no name is', async (_name, route) => {
  const url = await serve();
  const { body } = sampleOf(route);
  for (const name of ['a%00b', 'x'.repeat(501)]) {
    const at = route.path.replace(/\{\w+\}/, name);
    expect(await ask(`${url}${at}`, { method: route.method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })).toMatchObject({ status: 400, headers: PROBLEM });
  }
  expectNothingDone();
});

test.each(QUERIED.map((route) => [nameOf(route), route] as const))('%s: with a parameter that it has not', async (_name, route) => {
  const url = await serve();
  const [path] = sampleOf(route).at.split('?');
  for (const bad of ['nothing=1', '__proto__=1', 'table=a%00b', 'key=7', 'key.id=7', 'table=t&key.__proto__=7', 'limit=1e9', 'limit=-1']) {
    expect(await ask(`${url}${path}?${bad}`, { method: route.method }), bad).toMatchObject({ status: 400, headers: PROBLEM });
  }
  expectNothingDone();
});

describe.each(POSTS.map((route) => [nameOf(route), route] as const))('%s: a hostile body', (_name, route) => {
  const { at, body = {} } = sampleOf(route);

  test('that is no JSON, or not called so', async () => {
    const url = await serve();
    for (const text of ['', '{', 'null x', '\u0000', '{"a":1}{"b":2}', '\uFEFF{}x', "{'a':1}"]) expect(await post(`${url}${at}`, text), text).toMatchObject({ status: 400, headers: PROBLEM });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', '']) {
      expect(await post(`${url}${at}`, body, { authorization: `Bearer ${TOKEN}`, 'content-type': type }), type).toMatchObject({ status: 415, headers: PROBLEM });
    }
    expectNothingDone();
  });

  test('that is no object, has keys of its own, is deep, or holds what Postgres cannot', async () => {
    const url = await serve();
    const members = JSON.stringify(body).slice(1, -1);
    const more = (member: string): string => `{${[members, member].filter((one) => one !== '').join(',')}}`;
    for (const text of [
      'null',
      '[]',
      `[${JSON.stringify(body)}]`,
      '"x"',
      '1',
      'true',
      more('"nothing":1'),
      more('"__proto__":{"admin":true}'),
      more('"constructor":{"prototype":{"admin":true}}'),
      more('"toString":null'),
      more(`"nothing":${'['.repeat(10_000)}${']'.repeat(10_000)}`),
      more(`"data":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
      '['.repeat(100_000) + ']'.repeat(100_000),
      more(`"data":${'['.repeat(MOST_DEEP)}${']'.repeat(MOST_DEEP)}`),
      more('"data":{"a":["\\u0000"]}'),
      more('"data":{"__proto__":1}'),
      ...Object.keys(body).map((name) => JSON.stringify({ ...body, [name]: 'a\u0000b' })),
      ...Object.keys(body).map((name) => JSON.stringify({ ...body, [name]: { $gt: [1] } })).filter((json) => !json.startsWith('{"data":{"$gt"')),
    ]) {
      expect(await post(`${url}${at}`, text), text.slice(0, 80)).toMatchObject({ status: 422, headers: PROBLEM, body: { type: 'about:blank', errors: expect.any(Array) } });
    }
    expectNothingDone();
  });

  test('that is large, said or not', async () => {
    const url = await serve();
    const large = Buffer.alloc(MOST_BODY + 1, ' ');
    expect(await ask(`${url}${at}`, { method: 'POST', body: large })).toMatchObject({ status: 413, headers: PROBLEM });
    expect(await ask(`${url}${at}`, { method: 'POST', headers: { ...AUTHORIZED, 'transfer-encoding': 'chunked' }, body: large })).toMatchObject({ status: 413, headers: PROBLEM });
    expectNothingDone();
  });
});

describe('what is answered', () => {
  test.each(ANSWERING.map((route) => [nameOf(route), route] as const))('%s: as its schema says', async (name, route) => {
    const url = await serve();
    const { status = 200 } = sampleOf(route);
    const answer = await askSample(url, route);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status, headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } });
    const schema = SCHEMAS.get(name)?.[status as 200 | 201 | 202]?.schema;
    expect(schema?.safeParse(answer.body)).toMatchObject({ success: true });
    expect(notes.calls.length).toBeGreaterThan(0);
    expect(notes.errors).toEqual([]);
  });

  test.each(POSTS.map((route) => [nameOf(route), route] as const))('%s: the log has a line of it, without values and secrets', async (_name, route) => {
    const url = await serve();
    const { isReading = false } = sampleOf(route);
    await askSample(url, route);
    expect(notes.audit).toHaveLength(isReading ? 0 : 1);
    for (const hidden of ['hidden', 'whsec_', 'token=']) expect(JSON.stringify(notes.audit)).not.toContain(hidden);
  });

  test.each(ANSWERING.map((route) => [nameOf(route), route] as const))('%s: a failure is told as a problem, and an unexpected one without its reason', async (_name, route) => {
    const url = await serve(new WalhookError('walhook is draining, not streaming', { code: 'not_running', hint: 'wait' }));
    expect(await askSample(url, route)).toMatchObject({ status: 503, headers: PROBLEM, body: { code: 'not_running', hint: 'wait' } });
    expect(notes.audit).toEqual([]);
    const other = await serve(new Error('row (1, secret) is bad'));
    const answer = await askSample(other, route);
    expect(answer).toMatchObject({ status: 500, headers: PROBLEM });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    // Of a bulk action some may be done by then.
    expect(notes.audit.filter(({ selection }) => !('failed' in selection))).toEqual([]);
    expect(notes.errors).toHaveLength(1);
  });
});
