import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackfillOperations } from '../../src/backfills.ts';
import { WalhookError } from '../../src/errors.ts';
import { MOST_BODY } from '../../src/observe/http-body.ts';
import type { AuditLine } from '../../src/observe/http-audit.ts';
import { type HttpServer, startHttpServer } from '../../src/observe/http-server.ts';
import { backfill } from '../support/memory-backfills.ts';
import { ask, AUTHORIZED, JSON_TYPE, NOTHING_TO_LOOK_AT, post, PROBLEM, TOKEN } from './asking.ts';

const BACKFILLS = '/api/v1/backfills';
const REPORT = backfill({ rows_done: 7 });
const ONE = `${BACKFILLS}/${REPORT.id}`;

/** Every route that acts, with a body that it takes. */
const ACTIONS = [
  [BACKFILLS, { hook: 'crm-profiles' }],
  [`${ONE}/pause`, {}],
  [`${ONE}/resume`, {}],
  [`${ONE}/cancel`, {}],
] as const;
const READS = [BACKFILLS, ONE] as const;

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
function backfills(failure: Error | null): BackfillOperations {
  const does =
    <Result>(name: string, result: Result) =>
    (...given: unknown[]): Promise<Result> => {
      calls.push([name, ...given]);
      return failure === null ? Promise.resolve(result) : Promise.reject(failure);
    };
  return {
    begin: does('begin', REPORT),
    list: does('list', [REPORT]),
    show: does('show', REPORT),
    pause: does('pause', REPORT),
    resume: does('resume', REPORT),
    cancel: does('cancel', REPORT),
  };
}

async function serve({ failure = null, notRunning = false }: { readonly failure?: Error | null; readonly notRunning?: boolean } = {}): Promise<string> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    readiness: () => ({ state: 'streaming', slot: 'walhook', problems: [] }),
    status: async () => ({}),
    metrics: () => expect.unreachable('no metrics were asked for'),
    operations: () => expect.unreachable('no delivery was asked for'),
    backfills: () => {
      if (notRunning) throw new WalhookError('walhook is draining, not streaming', { code: 'not_running' });
      return backfills(failure);
    },
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
    for (const query of ['', '?hook=crm-profiles&active=true', '?active=false']) {
      expect(await ask(`${url}${BACKFILLS}${query}`)).toMatchObject({ status: 200, body: { backfills: [REPORT] }, headers: { 'cache-control': 'no-store' } });
    }
    expect(calls).toEqual([['list', {}], ['list', { hook: 'crm-profiles', active: true }], ['list', { active: false }]]);
    expect(audit).toEqual([]);
  });

  test('one, by an id that may hold anything', async () => {
    const url = await serve();
    expect(await ask(`${url}${BACKFILLS}/${encodeURIComponent('a b/../ü')}`)).toMatchObject({ status: 200, body: { ...REPORT } });
    expect(calls).toEqual([['show', 'a b/../ü']]);
  });

  test('a new one, whose place is told; the log has no condition, as it may name a person', async () => {
    const url = await serve();
    const where = "email = 'ada@example.com'";
    const asked = { hook: 'crm-profiles', where, columns: ['email', '__proto__'], rate: 0.5 };
    expect(await post(`${url}${BACKFILLS}`, asked)).toMatchObject({ status: 201, headers: { location: ONE }, body: { ...REPORT } });
    expect(await post(`${url}${BACKFILLS}`, { hook: 'crm-profiles', origin: 'console' })).toMatchObject({ status: 201 });
    expect(calls).toEqual([
      ['begin', { ...asked, origin: 'command' }],
      ['begin', { hook: 'crm-profiles', origin: 'console' }],
    ]);
    expect(JSON.stringify(audit)).not.toContain('ada@');
  });

  test('actions, each with its line for the log', async () => {
    const url = await serve();
    for (const [path, body] of ACTIONS) expect((await post(`${url}${path}`, body)).status, path).toBe(path === BACKFILLS ? 201 : 200);
    expect(calls.map(([name]) => name)).toEqual(['begin', 'pause', 'resume', 'cancel']);
    expect(calls.slice(1).map(([, id]) => id)).toEqual([REPORT.id, REPORT.id, REPORT.id]);
    const selection = { id: REPORT.id, hook: 'crm-profiles', table: 'public.profiles' };
    expect(audit).toEqual(['begin_backfill', 'pause_backfill', 'resume_backfill', 'cancel_backfill'].map((action) => ({ action, selection, count: 7 })));
  });
});

test.for([...ACTIONS.map(([path, body]) => ['POST', path, JSON.stringify(body)] as const), ...READS.map((path) => ['GET', path, undefined] as const)])(
  '%s %s: without a token, with a wrong one, of another host or origin: refused',
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

describe('what is refused', () => {
  test.for(ACTIONS.map(([path]) => path))('%s: a body that is too large, told or not, before it is read to its end', async (path) => {
    const url = await serve();
    const large = Buffer.alloc(MOST_BODY + 1, ' ');
    expect(await ask(`${url}${path}`, { method: 'POST', body: large })).toMatchObject({ status: 413, headers: PROBLEM });
    expect(await ask(`${url}${path}`, { method: 'POST', headers: { ...AUTHORIZED, 'transfer-encoding': 'chunked' }, body: large })).toMatchObject({ status: 413, headers: PROBLEM });
    expect(calls).toEqual([]);
  });

  test.for(ACTIONS.map(([path]) => path))('%s: what is no JSON, or not called so', async (path) => {
    const url = await serve();
    for (const body of ['', '{', 'null x', '{"hook":"crm-profiles"', '\u0000', '{"hook":"a"}{"hook":"b"}']) {
      expect(await post(`${url}${path}`, body), body).toMatchObject({ status: 400, headers: PROBLEM });
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', '']) {
      expect(await post(`${url}${path}`, {}, { authorization: `Bearer ${TOKEN}`, 'content-type': type }), type).toMatchObject({ status: 415, headers: PROBLEM });
    }
    expect(calls).toEqual([]);
  });

  const hook = '"hook":"crm-profiles"';
  test.for([
    ...['null', '[]', '"x"', '1', 'true'].flatMap((body) => ACTIONS.map(([path]) => [path, body] as const)),
    [BACKFILLS, '{}'],
    [BACKFILLS, '{"hook":""}'],
    [BACKFILLS, '{"hook":null}'],
    [BACKFILLS, '{"hook":["crm-profiles"]}'],
    [BACKFILLS, '{"hook":"a\\u0000b"}'],
    [BACKFILLS, JSON.stringify({ hook: 'x'.repeat(201) })],
    [BACKFILLS, `{${hook},"where":""}`],
    [BACKFILLS, `{${hook},"where":" \\n "}`],
    [BACKFILLS, `{${hook},"where":null}`],
    [BACKFILLS, `{${hook},"where":{"id":1}}`],
    [BACKFILLS, `{${hook},"where":"id = \\u00001"}`],
    [BACKFILLS, `{${hook},"where":${JSON.stringify(`id = ${'1'.repeat(10_000)}`)}}`],
    [BACKFILLS, `{${hook},"columns":[]}`],
    [BACKFILLS, `{${hook},"columns":"email"}`],
    [BACKFILLS, `{${hook},"columns":["email",7]}`],
    [BACKFILLS, `{${hook},"columns":[""]}`],
    [BACKFILLS, `{${hook},"columns":${JSON.stringify(Array.from({ length: 1_601 }, (_, n) => `c${n}`))}}`],
    [BACKFILLS, `{${hook},"rate":0}`],
    [BACKFILLS, `{${hook},"rate":-5}`],
    [BACKFILLS, `{${hook},"rate":1e-300}`],
    [BACKFILLS, `{${hook},"rate":1e999}`],
    [BACKFILLS, `{${hook},"rate":1000001}`],
    [BACKFILLS, `{${hook},"rate":"500/s"}`],
    [BACKFILLS, `{${hook},"origin":"resync"}`],
    [BACKFILLS, `{${hook},"__proto__":{"where":"true"}}`],
    [BACKFILLS, `{${hook},"id":"bf_mine"}`],
    [`${ONE}/pause`, '{"reason":"x"}'],
    [`${ONE}/resume`, '{"rate":5}'],
    [`${ONE}/cancel`, '{"force":true}'],
  ] as const)('%s does not take %.80s', async ([path, body]) => {
    const url = await serve();
    expect(await post(`${url}${path}`, body)).toMatchObject({ status: 422, headers: PROBLEM, body: { type: 'about:blank', errors: expect.any(Array) } });
    expect(calls).toEqual([]);
    expect(audit).toEqual([]);
  });

  test.for(['active=yes', 'active=', 'active=1', 'hook=', 'state=done', 'hook=a%00b'])('a list with %s', async (query) => {
    const url = await serve();
    expect(await ask(`${url}${BACKFILLS}?${query}`)).toMatchObject({ status: 400, headers: PROBLEM });
    expect(calls).toEqual([]);
  });

  test('methods and paths that are not there', async () => {
    const url = await serve();
    for (const [path] of ACTIONS.slice(1)) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        expect(await ask(`${url}${path}`, { method }), `${method} ${path}`).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: 'POST' } });
      }
    }
    expect(await ask(`${url}${BACKFILLS}`, { method: 'DELETE' })).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: 'GET, HEAD, POST' } });
    expect(await ask(`${url}${ONE}`, { method: 'DELETE' })).toMatchObject({ status: 405, headers: { ...PROBLEM, allow: 'GET, HEAD' } });
    expect(await post(`${url}${ONE}`, {})).toMatchObject({ status: 405 });
    expect(await post(`${url}${ONE}/restart`, {})).toMatchObject({ status: 404, headers: PROBLEM });
    expect(calls).toEqual([]);
  });
});

describe('what goes wrong', () => {
  test.for([
    ['unknown_hook', 404],
    ['unknown_backfill', 404],
    ['backfill_running', 409],
    ['backfill_ended', 409],
    ['backfill_no_key', 422],
    ['backfill_where', 422],
    ['backfill_columns', 422],
    ['backfill_scheduled', 422],
    ['backfill_table', 422],
    ['fenced', 503],
  ] as const)('%s is told with its hint', async ([code, status]) => {
    const url = await serve({ failure: new WalhookError('table app.logs has no key', { code, hint: 'tables: { app.logs: { key: [id] } }' }) });
    for (const [path, body] of ACTIONS) {
      expect(await post(`${url}${path}`, body)).toMatchObject({ status, headers: PROBLEM, body: { status, detail: 'table app.logs has no key', code, hint: 'tables: { app.logs: { key: [id] } }' } });
    }
    expect(audit).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('a daemon that does not stream says so, on every route', async () => {
    const url = await serve({ notRunning: true });
    for (const [path, body] of ACTIONS) expect(await post(`${url}${path}`, body), path).toMatchObject({ status: 503, body: { code: 'not_running' } });
    for (const path of READS) expect(await ask(`${url}${path}`), path).toMatchObject({ status: 503, body: { code: 'not_running' } });
    expect(errors).toEqual([]);
  });

  test.for(ACTIONS)('%s: another error is logged, and shown without its reason', async ([path, body]) => {
    const failure = new Error('row (1, secret) is bad');
    const url = await serve({ failure });
    const answer = await post(`${url}${path}`, body);
    expect(answer).toMatchObject({ status: 500, headers: PROBLEM });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(errors).toEqual([failure]);
    expect(audit).toEqual([]);
  });
});
