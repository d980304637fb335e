/**
 * The receiver's process: answers as fast as Node can, and counts or stamps what comes as the suite asks for (see
 * message.ts). Nothing is kept of what nobody asked for. A second port takes requests and never answers.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { DelayedAnswers } from './delayed-answers.ts';
import { type Arrival, BEAT, type Order, type Reply, SENT_AT } from './message.ts';
import { readRequests } from './requests.ts';

const ANSWERS = {
  204: Buffer.from('HTTP/1.1 204 No Content\r\n\r\n', 'latin1'),
  500: Buffer.from('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n', 'latin1'),
};
/** Every event's body has one. */
const ROW = Buffer.from('"operation":', 'latin1');
const STAMP = Buffer.from(`"${SENT_AT}":`, 'latin1');
const COUNT = Buffer.from(`"${BEAT}":`, 'latin1');

type Take = (bytes: Buffer, from: number, to: number) => void;

let answer = ANSWERS[204];
/** What is done with a request; null: nothing. */
let take: Take | null = null;
/** What was asked to be kept of requests. */
let arrivals: Arrival[] = [];
const delayed = new DelayedAnswers();

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  readRequests(socket, onRequest);
});
const hanging = createServer((socket) => socket.on('error', () => undefined).resume());
const [port, hangingPort] = await Promise.all([listen(server), listen(hanging)]);
// Ctrl-C is for the suite, which ends us.
process.on('SIGINT', () => undefined);
process.on('message', obey);
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
tell({ kind: 'listening', port, hangingPort });

function onRequest(socket: Socket, bytes: Buffer, from: number, to: number): void {
  if (take !== null) take(bytes, from, to);
  if (delayed.delay === 0) socket.write(answer);
  else delayed.after(() => socket.write(answer));
}

function obey(order: Order): void {
  if (order.kind === 'delay') delayed.delay = order.ms;
  else if (order.kind === 'answer') answer = ANSWERS[order.status];
  else if (order.kind === 'stamp') take = stamping(order.until);
  else if (order.kind === 'record') take = recording(order.until);
  else if (order.kind === 'report') tell({ kind: 'recorded', arrivals });
  else take = counting(order);
}

function counting({ what, skip, until, keep }: Order & { readonly kind: 'count' }): Take {
  let count = 0;
  let began = 0;
  let cpu = process.cpuUsage();
  const bodies: string[] = [];
  return (bytes, from, to) => {
    if (began === 0 && count >= skip) {
      began = performance.now();
      cpu = process.cpuUsage();
      delayed.takeMean();
      tell({ kind: 'began' });
    }
    count += what === 'requests' ? 1 : rowsIn(bytes, from, to);
    if (bodies.length < keep) bodies.push(bytes.toString('utf8', from, to));
    if (count < until) return;
    take = null;
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    tell({ kind: 'counted', counted: { ms, cpuShare: (user + system) / 1000 / ms, answeredAfter: delayed.takeMean(), bodies } });
  };
}

function rowsIn(bytes: Buffer, from: number, to: number): number {
  let rows = 0;
  for (let at = bytes.indexOf(ROW, from); at >= 0 && at < to; at = bytes.indexOf(ROW, at + ROW.length)) rows++;
  return rows;
}

function stamping(until: number): Take {
  const latencies: number[] = [];
  return (bytes, from, to) => {
    const now = performance.timeOrigin + performance.now();
    const sentAt = numberBehind(STAMP, bytes, from, to);
    if (sentAt === null) return;
    latencies.push(now - sentAt);
    if (latencies.length < until) return;
    take = null;
    tell({ kind: 'stamped', latencies });
  };
}

/** Goes on until something else is asked for: what comes twice may come late. */
function recording(until: number): Take {
  const seen = new Set<number>();
  const kept: Arrival[] = [];
  arrivals = kept;
  return (bytes, from, to) => {
    const now = performance.timeOrigin + performance.now();
    const sentAt = numberBehind(STAMP, bytes, from, to);
    const beat = numberBehind(COUNT, bytes, from, to);
    if (sentAt === null || beat === null) return;
    kept.push([now, sentAt, beat]);
    if (seen.has(beat)) return;
    seen.add(beat);
    if (seen.size === until) tell({ kind: 'complete' });
  };
}

/** Null if the name is not in the body. */
function numberBehind(name: Buffer, bytes: Buffer, from: number, to: number): number | null {
  const found = bytes.indexOf(name, from);
  if (found < 0 || found >= to) return null;
  const at = found + name.length;
  return Number.parseFloat(bytes.latin1Slice(at, Math.min(to, at + 20)));
}

async function listen(listener: Server): Promise<number> {
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return (listener.address() as AddressInfo).port;
}

function tell(reply: Reply): void {
  process.send?.(reply);
}
