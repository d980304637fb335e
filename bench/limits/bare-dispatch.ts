/**
 * L2, as a process of its own: `pool.dispatch` in a loop that signs and posts bodies that walhook has sent, with as many
 * connections. It signs with walhook's own Signer, the fastest way that is known here, and makes nothing anew that can be
 * used again.
 */
import { type Dispatcher, Pool } from 'undici';
import { Signer } from '../../src/format/signature.ts';
import { perform } from '../process/task.ts';
import { warmUp } from '../warm-up.ts';

export interface BareDispatchInput {
  readonly port: number;
  readonly requests: number;
  readonly concurrency: number;
  readonly secret: string;
  /** Sent in turn. */
  readonly bodies: readonly string[];
}

/** Once it is warm, to the last answer. */
export interface BareDispatchAnswer {
  readonly perSecond: number;
  /** Of the whole process, for each request, in microseconds. */
  readonly cpu: number;
}

/** Where the values stand that change. */
const ID = 7;
const TIMESTAMP = 9;
const SIGNATURE = 11;

perform<BareDispatchInput, BareDispatchAnswer>(async ({ port, requests, concurrency, secret, bodies }) => {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrency, pipelining: 1, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
  const signer = new Signer([secret]);
  const finished = Promise.withResolvers<void>();
  const skip = warmUp(requests);
  let before = process.cpuUsage();
  let began = 0;
  let sent = 0;
  let ended = 0;

  function begin(): void {
    began = performance.now();
    before = process.cpuUsage();
  }

  /** Sends one request after the other until there are no more. */
  function connection(): void {
    const headers = ['user-agent', 'walhook/0', 'accept-encoding', 'identity', 'content-type', 'application/json', 'webhook-id', '', 'webhook-timestamp', '', 'webhook-signature', ''];
    const request = { path: '/hooks', method: 'POST' as const, headers, body: '', reset: false };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: next,
      onResponseError: (_controller, error) => finished.reject(error),
    };
    function next(): void {
      ended++;
      if (ended === skip) begin();
      if (sent < requests) send();
      else if (ended === requests) finished.resolve();
    }
    function send(): void {
      const id = `0000000001a2b3c8-${sent}-i-0123456789abcdef`;
      const timestamp = Math.floor(Date.now() / 1000);
      request.body = bodies[sent % bodies.length] ?? '';
      headers[ID] = id;
      headers[TIMESTAMP] = String(timestamp);
      headers[SIGNATURE] = signer.sign(id, timestamp, request.body);
      sent++;
      pool.dispatch(request, handler);
    }
    if (sent < requests) send();
  }

  begin();
  for (let i = 0; i < concurrency; i++) connection();
  await finished.promise;
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  await pool.close();
  const counted = requests - skip;
  return { perSecond: (counted * 1000) / ms, cpu: (user + system) / counted };
});
