import { afterEach, describe, expect, test } from 'vitest';
import type { EndpointConfig } from '../../src/config.ts';
import { type Headers, NO_HEADERS, UNRENDERED } from '../../src/delivery.ts';
import { Sender } from '../../src/deliver/sender.ts';
import { type ReceivedRequest, Receiver } from '../support/receiver.ts';
import { attempt, deliveryOf, endpointAt } from './endpoint.ts';

const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function line(changes: Partial<EndpointConfig> = {}, path = '/in'): Promise<{ receiver: Receiver; sender: Sender }> {
  const receiver = await Receiver.open();
  const sender = new Sender(endpointAt(`${receiver.url}${path}`, changes), { userAgent: 'walhook/0', sign: (id, _at, body) => `${id}:${body}` });
  cleanup.push(() => receiver.close(), () => sender.abort());
  return { receiver, sender };
}

/** Method, URL, content type, signature and body of each. */
const told = ({ requests }: Receiver): unknown[] =>
  requests.map(({ method, url, headers, body }) => [method, url, headers['content-type'], headers['webhook-signature'], body.toString()]);

describe('a body of pairs', () => {
  test('goes into the query, behind what the URL has of one, and the empty body is what is signed', async () => {
    const { receiver, sender } = await line({ method: 'GET' }, '/in?tenant=7');
    const pairs = { method: null, path: null, contentType: null };
    for (const [id, path] of [['a', null], ['b', '/other'], ['c', '/other?x'], ['d', '/other?'], ['e', '/other?x&']] as const) {
      expect(await attempt(sender, deliveryOf(id, 'n=1&m=%26', { ...pairs, path }))).toMatchObject({ kind: 'delivered' });
    }
    await attempt(sender, deliveryOf('f', '', pairs));
    expect(told(receiver)).toEqual([
      ['GET', '/in?tenant=7&n=1&m=%26', undefined, 'a:', ''],
      ['GET', '/other?n=1&m=%26', undefined, 'b:', ''],
      ['GET', '/other?x&n=1&m=%26', undefined, 'c:', ''],
      ['GET', '/other?n=1&m=%26', undefined, 'd:', ''],
      ['GET', '/other?x&n=1&m=%26', undefined, 'e:', ''],
      ['GET', '/in?tenant=7', undefined, 'f:', ''],
    ]);
  });

  test('does so with every method, also where the endpoint has a content type', async () => {
    const { receiver, sender } = await line({ headers: new Map([['Content-Type', 'text/x']]), concurrency: 1 });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) {
      expect(await attempt(sender, deliveryOf('a', 'n=1', { method, path: null, contentType: null }))).toMatchObject({ kind: 'delivered' });
    }
    expect(told(receiver)).toEqual(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'].map((method) => [method, '/in?n=1', undefined, 'a:', '']));
  });

  test('with HEAD: the answer has a length and no body, and counts', async () => {
    const { receiver, sender } = await line({ method: 'HEAD', concurrency: 1, timeout: 2_000 });
    receiver.answer = ({ url }) => ({ status: url.includes('n=2') ? 503 : 200, headers: { 'content-length': '5000' } });
    const head = (body: string) => attempt(sender, deliveryOf('a', body, { method: null, path: null, contentType: null }));
    expect(await head('n=1')).toMatchObject({ kind: 'delivered', status: 200 });
    expect(await head('n=2')).toMatchObject({ kind: 'failed', status: 503, response: '' });
    expect(await head('n=3')).toMatchObject({ kind: 'delivered' });
    expect(told(receiver)).toEqual([1, 2, 3].map((n) => ['HEAD', `/in?n=${n}`, undefined, 'a:', '']));
  });
});

describe('headers of a hook', () => {
  const of = ({ headers }: ReceivedRequest, ...names: string[]) => names.map((name) => headers[name]);

  test('go before the endpoint’s and before walhook’s own, for their request alone', async () => {
    const { receiver, sender } = await line({ headers: new Map([['X-Key', 'endpoint'], ['X-Other', 'o'], ['Content-Type', 'text/x']]), concurrency: 1 });
    const headers: Headers = [['x-key', 'hook'], ['content-type', 'text/hook'], ['user-agent', 'me'], ['x-more', 'zoë'], ['x-empty', '']];
    await attempt(sender, deliveryOf('a', '{}'));
    await attempt(sender, deliveryOf('b', '{}', { headers }));
    await attempt(sender, deliveryOf('c', '{}'));
    const names = ['x-key', 'x-other', 'content-type', 'user-agent', 'x-more', 'x-empty', 'webhook-signature'];
    const [first, second, third] = receiver.requests;
    if (first === undefined || second === undefined || third === undefined) return expect.unreachable();
    expect(of(first, ...names)).toEqual(['endpoint', 'o', 'text/x', 'walhook/0', undefined, undefined, 'a:{}']);
    expect(of(second, ...names)).toEqual(['hook', 'o', 'text/hook', 'me', 'zoë', '', 'b:{}']);
    expect(of(third, ...names)).toEqual(['endpoint', 'o', 'text/x', 'walhook/0', undefined, undefined, 'c:{}']);
    expect(new Set(Object.keys(second.headers)).size).toBe(Object.keys(first.headers).length + 2);
  });

  test('may be the authorization, instead of the URL’s', async () => {
    const receiver = await Receiver.open();
    const sender = new Sender(endpointAt(receiver.url.replace('//', '//me:secret@')), { userAgent: 'walhook/0', sign: null });
    cleanup.push(() => receiver.close(), () => sender.abort());
    await attempt(sender, deliveryOf('a', '{}', { headers: [['authorization', 'Token t']] }));
    expect(receiver.requests[0]?.headers.authorization).toBe('Token t');
  });
});

describe('what is not HTTP is not sent: the delivery is dead', () => {
  const SECRET = 'row-value';
  const header = (name: string, value: string) => ({ headers: [[name, value]] }) satisfies { headers: Headers };
  test.for([
    ['a line break in a header', header('x-a', `${SECRET}\r\nx-b: c`), /header x-a has a character/],
    ['NUL in a header', header('x-a', `${SECRET}\0`), /header x-a has a character/],
    ['a header beyond Latin-1', header('x-a', `${SECRET}日`), /header x-a has a character/],
    ['a header without a name', header('', SECRET), /a header has a name that is none/],
    ['a name with a colon', header('x-a: b', SECRET), /a header has a name that is none/],
    ['a name in upper case, which would be there twice', header('X-A', SECRET), /a header has a name that is none/],
    ['a header that frames the request', header('content-length', '0'), /content-length is walhook's or HTTP's own/],
    ['a header that routes it', header('host', SECRET), /host is walhook's or HTTP's own/],
    ['a header that identifies it', header('webhook-id', SECRET), /webhook-id is walhook's or HTTP's own/],
    ['a space in the path', { path: `/${SECRET} HTTP/1.1` }, /its path has a character/],
    ['a line break in the path', { path: `/${SECRET}\r\nx: y` }, /its path has a character/],
    ['a path beyond ASCII', { path: `/${SECRET}é` }, /its path has a character/],
    ['a fragment in the path', { path: `/${SECRET}#a` }, /its path has a character/],
    ['a path that is a URL', { path: `http://${SECRET}/` }, /its path/],
    ['an empty path', { path: '' }, /its path/],
    ['a method that is none', { method: 'CONNECT' }, /its method/],
    ['a method with a line break', { method: 'GET / HTTP/1.1\r\n' }, /its method/],
    ['a body that was never made', { contentType: UNRENDERED }, /it was never made, since an expression of its hook failed/],
    ['a body that the method cannot carry', { method: 'GET' }, /GET has no body to carry application\/json in: the hook wants `encoding: query`/],
  ] as const)('%s', async ([, shape, message]) => {
    const { receiver, sender } = await line();
    const outcome = await attempt(sender, deliveryOf('a', `{"a":"${SECRET}"}`, { headers: NO_HEADERS, ...shape }));
    expect(outcome).toMatchObject({ kind: 'failed', failure: 'request', verdict: 'dead', status: null, message: expect.stringMatching(message) });
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
    expect(receiver.requests.map(({ id }) => id)).toEqual(['evt_1']);
  });

  test.for(['a=b c', 'a=é', 'a=\r\nx: y', 'a=b#c'])('%j in a query', async (body) => {
    const { receiver, sender } = await line();
    expect(await attempt(sender, deliveryOf('a', body, { contentType: null }))).toMatchObject({ failure: 'request', verdict: 'dead' });
    expect(receiver.requests).toEqual([]);
  });
});
