import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { EndpointConfig, OAuth2Config } from '../../src/config.ts';
import { Sender } from '../../src/deliver/sender.ts';
import { isEndpointFailure, type Outcome } from '../../src/outcome.ts';
import { type Answer, Receiver } from '../support/receiver.ts';
import { attempt, deliveryOf, endpointAt } from './endpoint.ts';

const SECRET = 'hunter2 & +/%';
const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

interface Rig {
  readonly sender: Sender;
  /** The endpoint: takes the tokens that the authorization server has given last. */
  readonly receiver: Receiver;
  /** The authorization server. */
  readonly server: Receiver;
}

/** Each token it gives is another: t1, t2… */
async function rig(client: Partial<OAuth2Config> = {}, changes: Partial<EndpointConfig> = {}): Promise<Rig> {
  const receiver = await Receiver.open();
  const server = await Receiver.open();
  server.answer = (): Answer => reply({ access_token: `t${server.requests.length}`, token_type: 'bearer', expires_in: 3600 });
  const oauth2: OAuth2Config = {
    token_url: new URL(`${server.url}/token?tenant=7`), client_id: 'wal hook', client_secret: SECRET, scope: null, audience: null, auth: 'basic', ...client,
  };
  const sender = new Sender(endpointAt(`${receiver.url}/in`, { oauth2, ...changes }), { userAgent: 'walhook/0', sign: null });
  cleanup.push(() => receiver.close(), () => server.close(), () => sender.abort());
  return { sender, receiver, server };
}

const reply = (body: unknown, status = 200): Answer => ({ status, body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const authorizations = (receiver: Receiver): unknown[] => receiver.requests.map(({ headers }) => headers.authorization);
const several = (sender: Sender, count: number): Promise<Outcome[]> => Promise.all(Array.from({ length: count }, (_, n) => attempt(sender, deliveryOf(`evt_${n}`, '{}'))));

describe('the request for a token', () => {
  test('is the standard’s, with the client in Basic authorization, form-encoded', async () => {
    const { sender, server, receiver } = await rig();
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/token?tenant=7', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', 'user-agent': 'walhook/0' } });
    expect(request?.body.toString()).toBe('grant_type=client_credentials');
    const basic = Buffer.from(String(request?.headers.authorization).replace('Basic ', ''), 'base64').toString();
    expect(basic.split(':').map((part) => new URLSearchParams(`x=${part}`).get('x'))).toEqual(['wal hook', SECRET]);
    expect(authorizations(receiver)).toEqual(['Bearer t1']);
    expect(request?.headers).not.toHaveProperty('webhook-id');
  });

  test('may have scope, audience and the client in its form', async () => {
    const { sender, server } = await rig({ auth: 'body', scope: 'a b', audience: 'https://crm.example.com/' });
    await attempt(sender);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(server.requests[0]?.body.toString()))).toEqual({
      grant_type: 'client_credentials', scope: 'a b', audience: 'https://crm.example.com/', client_id: 'wal hook', client_secret: SECRET,
    });
  });

  test('is made once for as many deliveries as wait, and for those after them', async () => {
    const { sender, server, receiver } = await rig();
    for (const outcome of [...(await several(sender, 50)), ...(await several(sender, 50))]) expect(outcome).toMatchObject({ kind: 'delivered' });
    expect(server.requests).toHaveLength(1);
    expect(new Set(authorizations(receiver))).toEqual(new Set(['Bearer t1']));
  });

  test('is made again when the token has expired', async () => {
    const { sender, server, receiver } = await rig();
    server.answer = () => reply({ access_token: `t${server.requests.length}`, token_type: 'bearer', expires_in: 0 });
    await attempt(sender);
    await attempt(sender);
    expect(authorizations(receiver)).toEqual(['Bearer t1', 'Bearer t2']);
  });

  test('is not made for a delivery whose hook has an authorization of its own', async () => {
    const { sender, server, receiver } = await rig();
    await attempt(sender, deliveryOf('a', '{}', { headers: [['authorization', 'Token x']] }));
    expect(authorizations(receiver)).toEqual(['Token x']);
    expect(server.requests).toEqual([]);
  });

  test('is not made before a delivery is sent', async () => {
    const { sender, server } = await rig();
    await sender.close();
    expect(server.requests).toEqual([]);
  });
});

describe('a 401 of the endpoint', () => {
  test('gets a new token, once, and the delivery is sent again with it', async () => {
    const { sender, server, receiver } = await rig();
    await attempt(sender);
    receiver.answer = ({ headers }) => (headers.authorization === 'Bearer t1' ? 401 : 204);
    for (const outcome of await several(sender, 20)) expect(outcome).toMatchObject({ kind: 'delivered' });
    expect(server.requests).toHaveLength(2);
    await attempt(sender);
    expect(authorizations(receiver).at(-1)).toBe('Bearer t2');
  });

  test('with the new token too is what the attempt came to, and the authorization server is left alone', async () => {
    const { sender, server, receiver } = await rig();
    receiver.answer = () => ({ status: 401, body: 'who?' });
    expect(await attempt(sender)).toMatchObject({ kind: 'failed', failure: 'status', status: 401, response: 'who?' });
    expect(authorizations(receiver)).toEqual(['Bearer t1', 'Bearer t2']);
    for (const outcome of await several(sender, 20)) expect(outcome).toMatchObject({ status: 401 });
    expect(server.requests).toHaveLength(2);
    expect(receiver.requests).toHaveLength(22);
  });

  test('is tried with a new token before `responses` say what it means', async () => {
    const { sender, receiver } = await rig({}, { responses: new Map([['4xx', 'dead']]) });
    receiver.answer = ({ headers }) => (headers.authorization === 'Bearer t1' ? 401 : 204);
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
  });
});

describe('no token is a failure of the endpoint, to be tried again, that tells no secret', () => {
  async function failure({ sender, receiver }: Rig): Promise<Outcome> {
    const outcome = await attempt(sender);
    expect(outcome).toMatchObject({ kind: 'failed', status: null, verdict: 'retry', response: '' });
    expect(isEndpointFailure(outcome)).toBe(true);
    expect(JSON.stringify(outcome)).not.toMatch(/hunter2|wal hook|s3cret/);
    expect(receiver.requests).toEqual([]);
    return outcome;
  }

  test.for([
    ['a refused client', reply({ error: 'invalid_client', error_description: 's3cret' }, 401), 'answered 401 (invalid_client)'],
    ['an error of no standard', reply({ error: 's3cret' }, 400), 'answered 400'],
    ['a page', reply('<html>s3cret', 502), 'answered 502'],
    ['no token', reply({ scope: 's3cret' }), 'answered 200, but with no bearer token'],
    ['a token that is no header', reply({ access_token: 's3cret\r\nx: y' }), 'answered 200, but with no bearer token'],
    ['a redirect', { status: 307, headers: { location: 'https://elsewhere.example/s3cret' } }, 'answered 307'],
  ] as [string, Answer, string][])('%s', async ([, answer, message]) => {
    const all = await rig();
    all.server.answer = () => answer;
    expect(await failure(all)).toMatchObject({ failure: 'status', message: `no access token (oauth2): ${new URL(all.server.url).host} ${message}` });
    expect(all.server.requests).toHaveLength(1);
  });

  test('a response without end', async () => {
    const all = await rig();
    all.server.answer = () => ({ status: 200, body: 's3cret'.repeat(100_000) });
    expect(await failure(all)).toMatchObject({ failure: 'too_large' });
  });

  test('a refused connection', async () => {
    const all = await rig();
    await all.server.close();
    expect(await failure(all)).toMatchObject({ failure: 'refused', message: `no access token (oauth2): connection refused by ${new URL(all.server.url).host} (ECONNREFUSED)` });
  });

  test('a connection that is reset', async () => {
    const all = await rig();
    all.server.answer = () => 'reset';
    expect(await failure(all)).toMatchObject({ failure: 'reset' });
  });

  test('a server that does not answer, within the endpoint’s timeout', async () => {
    const all = await rig({}, { timeout: 150 });
    all.server.answer = () => 'never';
    expect(await failure(all)).toMatchObject({ failure: 'timeout', message: expect.stringMatching(/^no access token \(oauth2\): no response from 127\.0\.0\.1:\d+ within 0\.15s$/) });
  });

  test('a server that wants to be left alone', async () => {
    const all = await rig();
    all.server.answer = () => ({ status: 429, headers: { 'retry-after': '7' } });
    expect(await failure(all)).toMatchObject({ retryAfter: 7000 });
  });

  test('an address that is not allowed: nothing is connected to', async () => {
    const { server, receiver, sender } = await rig({}, { network: { allow: [] } });
    expect(await attempt(sender)).toMatchObject({ failure: 'blocked_address', message: expect.stringContaining('to allow it: endpoints.crm.network.allow: [127.0.0.1/32]') });
    expect([...server.requests, ...receiver.requests]).toEqual([]);
  });

  test('a certificate that nobody vouches for, unless `tls.ca` does', async () => {
    const { createServer } = await import('node:https');
    const file = (name: string): string => new URL(`certificates/${name}`, import.meta.url).pathname;
    const seen: string[] = [];
    const https = createServer({ cert: readFileSync(file('receiver.pem')), key: readFileSync(file('receiver.key')) }, (request, response) => {
      seen.push(request.url ?? '');
      response.end(JSON.stringify({ access_token: 'a' }));
    });
    await new Promise<void>((resolve) => void https.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => new Promise((resolve) => https.close(resolve).closeAllConnections()));
    const address = https.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const receiver = await Receiver.open();
    cleanup.push(() => receiver.close());
    const sender = (ca: string | null): Sender => {
      const oauth2: OAuth2Config = { token_url: new URL(`https://receiver.test:${port}/token`), client_id: 'a', client_secret: SECRET, scope: null, audience: null, auth: 'body' };
      const made = new Sender(endpointAt(receiver.url, { oauth2, tls: { ca, cert: null, key: null } }), {
        userAgent: 'walhook/0', sign: null, resolve: (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      });
      cleanup.push(() => made.abort());
      return made;
    };
    expect(await attempt(sender(null))).toMatchObject({ failure: 'tls' });
    expect(seen).toEqual([]);
    expect(await attempt(sender(file('receiver.pem')))).toMatchObject({ kind: 'delivered' });
  });

  test('an abort while a token is waited for', async () => {
    const { sender, server } = await rig();
    server.answer = () => 'never';
    const waiting = [attempt(sender), attempt(sender)];
    await server.received(1);
    await sender.abort();
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ kind: 'failed', failure: 'network' });
    expect(await attempt(sender)).toMatchObject({ kind: 'failed', failure: 'network' });
  });
});

test('the deadline counts the wait for the token', async () => {
  const { sender, server, receiver } = await rig({}, { timeout: 1_000 });
  server.answer = () => ({ status: 200, body: '{"access_token":"a"}', delay: 800 });
  receiver.answer = () => 'never';
  const outcome = await attempt(sender);
  expect(outcome).toMatchObject({ failure: 'timeout' });
  expect(outcome.ms).toBeGreaterThanOrEqual(1_000);
  expect(outcome.ms).toBeLessThan(1_700);
});
