import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { EndpointConfig } from '../../src/config.ts';
import type { Resolve } from '../../src/deliver/guard.ts';
import { Sender } from '../../src/deliver/sender.ts';
import { attempt, deliveryOf, endpointAt } from './endpoint.ts';

const CERTIFICATE = new URL('certificates/receiver.pem', import.meta.url).pathname;
const KEY = new URL('certificates/receiver.key', import.meta.url).pathname;
const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function listen(server: Server, address = '127.0.0.1'): Promise<{ port: number; connections: () => number }> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket.on('error', () => {})));
  server.listen(0, address);
  await once(server, 'listening');
  cleanup.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, connections: () => sockets.length };
}

function makeSender(url: string, allow: readonly string[], changes: Partial<EndpointConfig> & { resolve?: Resolve } = {}): Sender {
  const { resolve, ...config } = changes;
  const endpoint = endpointAt(url, { network: { allow }, ...config });
  const sender = new Sender(endpoint, { sign: null, userAgent: 'walhook/0', ...(resolve === undefined ? {} : { resolve }) });
  cleanup.push(() => sender.abort());
  return sender;
}

/** Gives each call the next list of addresses, and the last one for ever. */
function resolving(...answers: readonly (readonly string[])[]): Resolve & { calls: string[] } {
  const calls: string[] = [];
  const resolve: Resolve = (hostname, done) => {
    const addresses = answers[Math.min(calls.length, answers.length - 1)] ?? [];
    calls.push(hostname);
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return Object.assign(resolve, { calls });
}

const notFound: Resolve = (_hostname, done) => {
  done(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), []);
};

const ok: RequestListener = (_request, response) => {
  response.end();
};

describe('a literal address that is not allowed is not connected to', () => {
  test.for([
    'http://127.0.0.1',
    'http://2130706433',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://127.1',
    'http://１２７.０.０.１',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[::127.0.0.1]',
    'http://[::1]',
    'http://0.0.0.0',
    'http://169.254.169.254',
    'http://[64:ff9b::7f00:1]',
    'http://[2002:7f00:1::]',
    'https://127.0.0.1',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
  ])('%s', async (origin) => {
    const { port, connections } = await listen(createHttpServer(ok), '::');
    const outcome = await attempt(makeSender(`${origin}:${port}/hooks`, ['10.0.0.0/8']));
    expect(outcome).toMatchObject({ kind: 'failed', failure: 'blocked_address', status: null });
    expect(connections()).toBe(0);
  });

  test('and the message has the line to add', async () => {
    expect(await attempt(makeSender('http://127.0.0.1:1/', []))).toMatchObject({
      message: '127.0.0.1 is not a public address; to allow it: endpoints.crm.network.allow: [127.0.0.1/32]',
    });
  });
});

describe('a name', () => {
  test('that is a private address is not connected to, for http or https', async () => {
    const { port, connections } = await listen(createHttpServer(ok));
    for (const scheme of ['http', 'https']) {
      const outcome = await attempt(makeSender(`${scheme}://receiver.test:${port}/`, [], { resolve: resolving(['127.0.0.1']) }));
      expect(outcome).toMatchObject({
        failure: 'blocked_address',
        message: 'receiver.test is 127.0.0.1, which is not a public address; to allow it: endpoints.crm.network.allow: [127.0.0.1/32]',
      });
    }
    expect(connections()).toBe(0);
  });

  test('is resolved by the system where nothing else is said', async () => {
    const { port, connections } = await listen(createHttpServer(ok));
    expect(await attempt(makeSender(`http://localhost:${port}/`, []))).toMatchObject({ failure: 'blocked_address' });
    expect(connections()).toBe(0);
    expect(await attempt(makeSender(`http://localhost:${port}/`, ['127.0.0.0/8', '::1']))).toMatchObject({ kind: 'delivered' });
  });

  test('is asked for once a connection, and the address it is connected to is the one that was checked', async () => {
    const { port } = await listen(createHttpServer((_request, response) => response.writeHead(200, { connection: 'close' }).end()));
    const resolve = resolving(['127.0.0.1'], ['169.254.169.254']);
    const sender = makeSender(`http://receiver.test:${port}/`, ['127.0.0.1'], { resolve, concurrency: 1 });
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
    expect(resolve.calls).toHaveLength(1);
    expect(await attempt(sender)).toMatchObject({ failure: 'blocked_address', message: expect.stringContaining('169.254.169.254/32') });
    expect(resolve.calls).toEqual(['receiver.test', 'receiver.test']);
  });

  test('with several addresses goes to the allowed ones alone, and on to the next where one refuses', async () => {
    const { port } = await listen(createHttpServer(ok));
    const resolve = resolving(['10.0.0.5', 'fd00::1', '127.0.0.2', '127.0.0.1']);
    const sender = makeSender(`http://receiver.test:${port}/`, ['127.0.0.0/8'], { resolve });
    expect(await attempt(sender)).toMatchObject({ kind: 'delivered' });
  });

  test('stays the Host', async () => {
    const host = Promise.withResolvers<string | undefined>();
    const { port } = await listen(
      createHttpServer((request, response) => {
        host.resolve(request.headers.host);
        response.end();
      }),
    );
    await attempt(makeSender(`http://receiver.test:${port}/`, ['127.0.0.1'], { resolve: resolving(['127.0.0.1']) }));
    expect(await host.promise).toBe(`receiver.test:${port}`);
  });

  test('that there is not is a failure of dns', async () => {
    for (const resolve of [notFound, resolving([])]) {
      expect(await attempt(makeSender('https://receiver.test/', [], { resolve }))).toMatchObject({
        failure: 'dns',
        message: 'no address found for receiver.test (ENOTFOUND)',
      });
    }
  });
});

describe('TLS with a client certificate', () => {
  const resolve = resolving(['127.0.0.1']);
  const client = new URL('certificates/client.pem', import.meta.url).pathname;
  const clientKey = new URL('certificates/client.key', import.meta.url).pathname;

  /** A server that wants one, and tells whose it got. */
  async function receiver(subjects: unknown[]): Promise<number> {
    const options = { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY), ca: readFileSync(client), requestCert: true, rejectUnauthorized: true };
    const server = createHttpsServer(options, (request, response) => {
      subjects.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
      response.end();
    });
    return (await listen(server)).port;
  }

  test('delivers to a server that demands one', async () => {
    const subjects: unknown[] = [];
    const port = await receiver(subjects);
    const tls = { ca: CERTIFICATE, cert: client, key: clientKey };
    expect(await attempt(makeSender(`https://receiver.test:${port}/`, ['127.0.0.1'], { resolve, tls }))).toMatchObject({ kind: 'delivered' });
    expect(subjects).toEqual(['walhook client']);
  });

  test.for([
    ['none', null, null],
    ['one of nobody it knows', CERTIFICATE, KEY],
  ] as const)('with %s is refused by it, which is a failure of TLS or a reset', async ([, cert, key]) => {
    const subjects: unknown[] = [];
    const port = await receiver(subjects);
    const outcome = await attempt(makeSender(`https://receiver.test:${port}/`, ['127.0.0.1'], { resolve, tls: { ca: CERTIFICATE, cert, key } }));
    // TLS 1.3: the server's alert comes after the handshake has ended for the client.
    expect(outcome).toMatchObject({ kind: 'failed', verdict: 'retry', failure: expect.stringMatching(/^(?:tls|reset)$/) });
    expect(subjects).toEqual([]);
  });
});

describe('TLS', () => {
  const resolve = resolving(['127.0.0.1']);
  const trusted = { ca: CERTIFICATE, cert: null, key: null };

  async function receiver(listener: RequestListener = ok): Promise<number> {
    const server = createHttpsServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) }, listener);
    return (await listen(server)).port;
  }

  test('with a certificate of the given authority delivers, over one connection', async () => {
    const names: unknown[] = [];
    const port = await receiver((request, response) => {
      names.push((request.socket as Socket & { servername?: unknown }).servername);
      response.end();
    });
    const sender = makeSender(`https://receiver.test:${port}/`, ['127.0.0.1'], { resolve, tls: trusted, concurrency: 1 });
    for (let i = 0; i < 3; i++) expect(await attempt(sender, deliveryOf(`evt_${i}`, '{}'))).toMatchObject({ kind: 'delivered' });
    expect(names).toEqual(['receiver.test', 'receiver.test', 'receiver.test']);
  });

  test('with a certificate nobody vouches for fails', async () => {
    const port = await receiver();
    expect(await attempt(makeSender(`https://receiver.test:${port}/`, ['127.0.0.1'], { resolve }))).toMatchObject({
      failure: 'tls',
      message: `the certificate is self-signed (tls.ca can name it) of receiver.test:${port} (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    });
  });

  test('with a certificate for another name fails', async () => {
    const port = await receiver();
    expect(await attempt(makeSender(`https://other.test:${port}/`, ['127.0.0.1'], { resolve, tls: trusted }))).toMatchObject({
      failure: 'tls',
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
    });
    expect(await attempt(makeSender(`https://127.0.0.1:${port}/`, ['127.0.0.1'], { tls: trusted }))).toMatchObject({ failure: 'tls' });
  });

  test('at a port that does not speak it fails', async () => {
    const { port } = await listen(createHttpServer(ok));
    expect(await attempt(makeSender(`https://127.0.0.1:${port}/`, ['127.0.0.1']))).toMatchObject({ failure: 'tls' });
  });

  test('that the other side never begins ends with the deadline', async () => {
    const { port } = await listen(createTcpServer(() => {}));
    expect(await attempt(makeSender(`https://127.0.0.1:${port}/`, ['127.0.0.1'], { timeout: 150 }))).toMatchObject({ failure: 'timeout' });
  });
});
