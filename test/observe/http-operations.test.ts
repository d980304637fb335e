import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { MOST_BODY } from '../../src/observe/http-body.ts';
import type { AuditLine } from '../../src/observe/http-audit.ts';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import type { Operations, Tally } from '../../src/operations.ts';
import { ask, AUTHORIZED, JSON_TYPE, NOTHING_TO_LOOK_AT, post, PROBLEM, TOKEN } from './asking.ts';

const TALLY: Tally = { count: 3, endpoints: { crm: 3 }, not_configured: {}, as_of: '2026-01-01T00:00:00.000Z' };

/** Every route that acts, with a body that it takes. */
const ACTIONS = [
  ['/api/v1/deliveries/replay', { endpoint: 'crm' }],
  ['/api/v1/deliveries/discard', { all: true, state: 'parked' }],
  ['/api/v1/endpoints/crm/pause', { reason: 'maintenance' }],
  ['/api/v1/endpoints/crm/resume', {}],
] as const;
const READS = ['/api/v1/deliveries', '/api/v1/deliveries/some-id'] as const;

const servers: HttpServer[] = [];
let calls: unknown[][] = [];
let audit: AuditLine[] = [];
let errors: unknown[] = [];
beforeEach(() => {
  calls = [];
  audit = [];
  errors = [];
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Notes what is asked of it. */
function operations(failure: Error | null = null): Operations {
  const does =
    <Result>(name: string, result: Result) =>
    (...given: unknown[]): Promise<Result> => {
      calls.push([name, ...given]);
      return failure === null ? Promise.resolve(result) : Promise.reject(failure);
    };
  return {
    list: does('list', { deliveries: [], next: null }),
    show: does('show', []),
    count: does('count', TALLY),
    act: does('act', TALLY),
    pause: does('pause', 'maintenance'),
    resume: does('resume', undefined),
  };
}

async function serve(failure: Error | null = null, host = '127.0.0.1'): Promise<string> {
  const server = await startHttpServer({
    host,
    port: 0,
    token: TOKEN,
    readiness: () => ({ state: 'streaming', slot: 'walhook', problems: [] }),
    status: async () => ({}),
    metrics: () => expect.unreachable('no metrics were asked for'),
    operations: () => operations(failure),
    backfills: () => expect.unreachable('no backfill was asked for'),
    ...NOTHING_TO_LOOK_AT,
    audit: (line) => audit.push(line),
    onError: (error) => errors.push(error),
  });
  servers.push(server);
  return server.url;
}

describe('what is taken', () => {
  test('a list, with its filters', async () => {
    const url = await serve();
    const answer = await ask(`${url}/api/v1/deliveries?state=parked&endpoint=crm&hook=h&table=app.t&limit=7&cursor=abc`);
    expect(answer).toMatchObject({ status: 200, body: { deliveries: [], next: null }, headers: { 'cache-control': 'no-store' } });
    expect(calls).toEqual([['list', { state: 'parked', endpoint: 'crm', hook: 'h', table: 'app.t', limit: 7, cursor: 'abc' }]]);
  });

  test('a delivery, by an id that may hold anything', async () => {
    const url = await serve();
    expect(await ask(`${url}/api/v1/deliveries/${encodeURIComponent('a b/../ü')}`)).toMatchObject({ status: 200, body: { deliveries: [] } });
    expect(calls).toEqual([['show', 'a b/../ü']]);
  });

  test('a count, which is no action', async () => {
    const url = await serve();
    expect(await post(`${url}/api/v1/deliveries/replay`, { all: true, dry_run: true })).toMatchObject({ status: 200, body: { ...TALLY } });
    expect(calls).toEqual([['count', 'replay', { state: 'dead' }]]);
    expect(audit).toEqual([]);
  });

  test('actions, each with its line for the log', async () => {
    const url = await serve();
    for (const [path, body] of ACTIONS) expect(await post(`${url}${path}`, body), path).toMatchObject({ status: 200 });
    expect(calls).toEqual([
      ['act', 'replay', { state: 'dead', endpoint: 'crm' }],
      ['act', 'discard', { state: 'parked' }],
      ['pause', 'crm', 'maintenance'],
      ['resume', 'crm'],
    ]);
    expect(audit).toEqual([
      { action: 'replay', selection: { state: 'dead', endpoint: 'crm' }, count: 3 },
      { action: 'discard', selection: { state: 'parked' }, count: 3 },
      { action: 'pause', selection: { endpoint: 'crm', reason: 'maintenance' }, count: null },
      { action: 'resume', selection: { endpoint: 'crm' }, count: null },
    ]);
  });
});

describe('who is refused', () => {
  test.for([...ACTIONS.map(([path, body]) => ['POST', path, JSON.stringify(body)] as const), ...READS.map((path) => ['GET', path, undefined] as const)])(
    '%s %s: without a token, with a wrong one, of another host or origin',
    async ([method, path, body]) => {
      const url = await serve();
      const given = body === undefined ? {} : { body };
      for (const authorization of ['', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN]) {
        const answer = await ask(`${url}${path}`, { method, headers: { ...JSON_TYPE, ...(authorization === '' ? {} : { authorization }) }, ...given });
        expect(answer, authorization).toMatchObject({ status: 401, headers: { ...PROBLEM, 'www-authenticate': 'Bearer' } });
      }
      for (const strange of [{ host: 'evil.example' }, { host: '127.0.0.1.nip.io' }, { origin: 'http://evil.example' }, { origin: 'null' }]) {
        expect(await ask(`${url}${path}`, { method, headers: { ...AUTHORIZED, ...strange }, ...given })).toMatchObject({ status: 403, headers: PROBLEM });
      }
      expect(calls).toEqual([]);
      expect(audit).toEqual([]);
    },
  );
});

describe('what is refused', () => {
  test.for(ACTIONS.map(([path]) => path))('%s: a body that is too large, told or not, before it is read to its end', async (path) => {
    const url = await serve();
    const large = Buffer.alloc(MOST_BODY + 1, ' ');
    expect(await ask(`${url}${path}`, { method: 'POST', body: large })).toMatchObject({ status: 413, headers: PROBLEM });
    const unsaid = await ask(`${url}${path}`, { method: 'POST', headers: { ...AUTHORIZED, 'transfer-encoding': 'chunked' }, body: large });
    expect(unsaid).toMatchObject({ status: 413, headers: PROBLEM });
    expect(calls).toEqual([]);
  });

  test.for(ACTIONS.map(([path]) => path))('%s: what is no JSON, or not called so', async (path) => {
    const url = await serve();
    for (const body of ['', '{', 'null x', '{"endpoint":"crm"', '\u0000', '{"a":1}{"b":2}']) {
      expect(await post(`${url}${path}`, body), body).toMatchObject({ status: 400, headers: PROBLEM });
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', '']) {
      expect(await post(`${url}${path}`, {}, { authorization: `Bearer ${TOKEN}`, 'content-type': type }), type).toMatchObject({ status: 415, headers: PROBLEM });
    }
    expect(calls).toEqual([]);
  });

  const TOO_MANY = JSON.stringify({ ids: Array.from({ length: 1001 }, () => 'x') });
  const TOO_LONG = 'x'.repeat(501);
  test.for([
    ...['null', '[]', '"x"', '1', 'true'].flatMap((body) => ACTIONS.map(([path]) => [path, body] as const)),
    ['/api/v1/deliveries/replay', '{}'],
    ['/api/v1/deliveries/discard', '{}'],
    ['/api/v1/deliveries/discard', '{"state":"parked"}'],
    ['/api/v1/deliveries/replay', '{"all":false}'],
    ['/api/v1/deliveries/replay', '{"all":"true"}'],
    ['/api/v1/deliveries/replay', '{"all":true,"state":"parked"}'],
    ['/api/v1/deliveries/replay', '{"all":true,"dry-run":true}'],
    ['/api/v1/deliveries/replay', '{"all":true,"dry_run":"no"}'],
    ['/api/v1/deliveries/replay', '{"ids":[]}'],
    ['/api/v1/deliveries/replay', '{"ids":["a",1]}'],
    ['/api/v1/deliveries/replay', '{"ids":"a"}'],
    ['/api/v1/deliveries/replay', '{"ids":[""]}'],
    ['/api/v1/deliveries/replay', TOO_MANY],
    ['/api/v1/deliveries/replay', '{"endpoint":{"name":"crm"}}'],
    ['/api/v1/deliveries/replay', '{"endpoint":null}'],
    ['/api/v1/deliveries/replay', JSON.stringify({ endpoint: TOO_LONG })],
    ['/api/v1/deliveries/replay', '{"all":true,"before":"yesterday"}'],
    ['/api/v1/deliveries/replay', '{"all":true,"__proto__":{"x":1}}'],
    ['/api/v1/deliveries/discard', '{"all":true,"state":"delivered"}'],
    ['/api/v1/endpoints/crm/pause', '{"reason":""}'],
    ['/api/v1/endpoints/crm/pause', '{"reason":"two\\nlines"}'],
    ['/api/v1/endpoints/crm/pause', '{"reason":"\\u001b[2J"}'],
    ['/api/v1/endpoints/crm/pause', JSON.stringify({ reason: TOO_LONG })],
    ['/api/v1/endpoints/crm/pause', '{"until":"later"}'],
    ['/api/v1/endpoints/crm/resume', '{"force":true}'],
  ] as const)('%s does not take %.80s', async ([path, body]) => {
    const url = await serve();
    const answer = await post(`${url}${path}`, body);
    expect(answer).toMatchObject({ status: 422, headers: PROBLEM, body: { type: 'about:blank', errors: expect.any(Array) } });
    expect(calls).toEqual([]);
    expect(audit).toEqual([]);
  });

  test.for(['state=sent', 'limit=0', 'limit=1001', 'limit=x', 'limit=1.5', 'endpoint=', 'nothing=1', 'ids=a'])('a list with %s', async (query) => {
    const url = await serve();
    expect(await ask(`${url}/api/v1/deliveries?${query}`)).toMatchObject({ status: 400, headers: PROBLEM });
    expect(calls).toEqual([]);
  });

  test('methods that a path has not', async () => {
    const url = await serve();
    for (const [path] of ACTIONS) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        expect(await ask(`${url}${path}`, { method }), `${method} ${path}`).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: 'POST' } });
      }
    }
    for (const path of READS) {
      expect(await ask(`${url}${path}`, { method: 'DELETE' }), path).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: 'GET, HEAD' } });
      expect(await post(`${url}${path}`, { all: true }), path).toMatchObject({ status: 405 });
    }
    expect(await post(`${url}/api/v1/endpoints/crm/destroy`, {})).toMatchObject({ status: 404, headers: PROBLEM });
    expect(calls).toEqual([]);
  });
});

describe('what goes wrong', () => {
  test.for([
    ['unknown_endpoint', 404],
    ['unknown_delivery', 404],
    ['not_configured', 409],
    ['not_running', 503],
    ['fenced', 503],
  ] as const)('%s is told with its hint', async ([code, status]) => {
    const url = await serve(new WalhookError('there is no endpoint "cmr"', { code, hint: 'walhook status' }));
    expect(await post(`${url}/api/v1/endpoints/cmr/pause`, {})).toMatchObject({
      status,
      headers: PROBLEM,
      body: { status, detail: 'there is no endpoint "cmr"', code, hint: 'walhook status' },
    });
    expect(audit).toEqual([]);
    expect(errors).toEqual([]);
  });

  test.for(ACTIONS)('%s: another error is logged, and shown without its reason', async ([path, body]) => {
    const failure = new Error('row (1, secret) is bad');
    const url = await serve(failure);
    const answer = await post(`${url}${path}`, body);
    expect(answer).toMatchObject({ status: 500, headers: PROBLEM });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(errors).toEqual([failure]);
    // Of a bulk action some may be done by then.
    const isBulk = path.startsWith('/api/v1/deliveries');
    expect(audit).toEqual(isBulk ? [{ action: path.split('/').at(-1), selection: expect.objectContaining({ failed: true }), count: null }] : []);
  });
});
