/**
 * How near the Sender comes to a bare `pool.dispatch` loop that signs and posts the same bodies to the same receiver.
 * `node bench/sender.ts [requests]`: rounds of each in turn, in one process, against a receiver in another; prints the ratio of the medians,
 * and the CPU that each takes of this process a request, which a busy machine changes less.
 */
import { fork } from 'node:child_process';
import { createHmac, createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Dispatcher, Pool } from 'undici';
import type { EndpointConfig } from '../src/config.ts';
import { type Delivery, NO_HEADERS } from '../src/delivery.ts';
import { Sender } from '../src/deliver/sender.ts';
import { Signer } from '../src/format/signature.ts';

const CONCURRENCY = 16;
const ROUNDS = 9;
const SECRET = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = JSON.stringify({ data: { email: 'jrose@acme.com', first_name: 'Juliet', notes: 'x'.repeat(250) }, redacted: [], meta: {} });
const KEY = createSecretKey(Buffer.from(SECRET, 'base64'));
const REQUEST = { hook: 'bench', endpoint: 'bench', method: 'POST', path: '/hooks', contentType: 'application/json', headers: NO_HEADERS };

if (process.argv[2] === 'receive') await receive();
else await compare(Number(process.argv[2] ?? 10_000));

async function receive(): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(204).end());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  process.send?.(address !== null && typeof address === 'object' ? address.port : 0);
}

async function compare(requests: number): Promise<void> {
  const receiver = fork(fileURLToPath(import.meta.url), ['receive']);
  const [port] = (await once(receiver, 'message')) as [number];
  const sender = makeSender(port);
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONCURRENCY, pipelining: 1 });
  const rounds: { bare: Rate[]; sender: Rate[] } = { bare: [], sender: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const bare = await rate(requests, (id, done) => bareAttempt(pool, id, done));
    const ours = await rate(requests, (id, done) => sender.attempt(delivery(id), done));
    // The first round warms up.
    if (round > 0) {
      rounds.bare.push(bare);
      rounds.sender.push(ours);
    }
  }
  const [bare, ours] = [rounds.bare, rounds.sender].map((all) => median(all.map(({ perSecond }) => perSecond))) as [number, number];
  const [bareCpu, ourCpu] = [rounds.bare, rounds.sender].map((all) => median(all.map(({ cpu }) => cpu))) as [number, number];
  process.stdout.write(`bare ${bare.toFixed(0)}/s, sender ${ours.toFixed(0)}/s, ratio ${(ours / bare).toFixed(3)}; CPU: bare ${bareCpu.toFixed(1)} µs, sender ${ourCpu.toFixed(1)} µs\n`);
  await Promise.all([sender.close(), pool.close()]);
  receiver.kill();
}

interface Rate {
  readonly perSecond: number;
  /** Microseconds of this process a request. */
  readonly cpu: number;
}

/** CONCURRENCY of the requests are always in flight. */
async function rate(requests: number, attempt: (id: string, done: () => void) => void): Promise<Rate> {
  const before = process.cpuUsage();
  const start = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    let ended = 0;
    const next = (): void => {
      if (sent < requests) attempt(`evt_${sent++}`, end);
    };
    const end = (): void => {
      if (++ended === requests) resolve();
      else next();
    };
    for (let i = 0; i < CONCURRENCY; i++) next();
  });
  const { user, system } = process.cpuUsage(before);
  return { perSecond: requests / ((performance.now() - start) / 1000), cpu: (user + system) / requests };
}

function bareAttempt(pool: Pool, id: string, done: () => void): void {
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', KEY).update(`${id}.${timestamp}.${BODY}`).digest('base64');
  const headers = {
    'user-agent': 'walhook/0',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {},
    onResponseStart() {},
    onResponseData() {},
    onResponseEnd: done,
    onResponseError(_controller, error) {
      throw error;
    },
  };
  pool.dispatch({ path: '/hooks', method: 'POST', body: BODY, headers }, handler);
}

function makeSender(port: number): Sender {
  const endpoint: EndpointConfig = {
    name: 'bench',
    url: new URL(`http://127.0.0.1:${port}/hooks`),
    method: 'POST',
    headers: new Map(),
    signing: { secrets: [SECRET] },
    timeout: 15_000,
    concurrency: CONCURRENCY,
    rate: null,
    batch: null,
    retry: { initial: 5000, factor: 3, max: 3_600_000, jitter: 0.2, attempts: 12 },
    breaker: { failures: 10, open: 30_000 },
    responses: new Map(),
    disable_after: null,
    network: { allow: ['127.0.0.1'] },
    tls: { ca: null, cert: null, key: null },
  oauth2: null,
  };
  const signer = new Signer([SECRET]);
  return new Sender(endpoint, { sign: (id, timestamp, body) => signer.sign(id, timestamp, body), userAgent: 'walhook/0' });
}

function delivery(id: string): Delivery {
  return {
    id,
    request: REQUEST,
    lane: 0,
    sequence: { commitLsn: 0n, ordinal: 1, nth: 0 },
    operation: 'insert',
    table: 'public.profiles',
    body: BODY,
    bytes: BODY.length,
    committedAt: 0,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
