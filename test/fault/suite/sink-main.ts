import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { type BatchedEvent, batchedEvents } from '../../support/batches.ts';
import { random } from '../../support/random.ts';
import { answerParent, now, stayAlive } from './child.ts';
import { type Mood, treat } from './moods.ts';
import type { SinkAsk, SinkCounts, SinkLine } from './sink.ts';

/*
 * The receiver, a process that outlives the daemon: a server for each endpoint. Appends to a file what it gets, as it
 * gets it, and how it answered; a batch as if each event had come by itself. Arguments: file, signing secret, seed, endpoints' names by comma.
 */

const [file = '', secret = '', seed = '0', names = ''] = process.argv.slice(2);
/** How often lines are written and the parent is told how far it is, in milliseconds. */
const FLUSH = 10;

const out = openSync(file, 'a');
const verifier = new Webhook(secret);
const chance = random(Number(seed));
let lines: string[] = [];

function write(line: SinkLine): void {
  lines.push(JSON.stringify(line));
}

function flush(): void {
  if (lines.length === 0) return;
  writeSync(out, `${lines.join('\n')}\n`);
  lines = [];
}

class Endpoint {
  readonly name: string;
  mood: Mood = 'healthy';
  /** Requests so far; of batches, events. */
  requests = 0;
  /** Ids that were answered with 2xx. */
  readonly delivered = new Set<string>();
  #server: Server | null = null;
  #port = 0;
  readonly #sockets = new Set<Socket>();

  constructor(name: string) {
    this.name = name;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((request, response) => void this.#receive(request, response));
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  async turn(mood: Mood): Promise<void> {
    this.mood = mood;
    if (mood !== 'down') return this.start();
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return; // it ended before its body did
    }
    const body = Buffer.concat(chunks);
    const { method = '', url = '', headers } = incoming;
    const events = eventsOf(body, String(headers['webhook-id'] ?? ''));
    const first = this.requests;
    this.requests += events.length;
    for (const [i, event] of events.entries()) {
      // Bytes as they are: latin1 loses none.
      write({ e: this.name, n: first + i, t: now(), m: method, u: url, id: event.id, h: headers, b: event.body.toString('latin1'), ...(event.isBehind ? { after: true } : {}) });
    }
    let isOver = false;
    const answered = (answer: { readonly s: number | null } | { readonly bad: string }): void => {
      if (isOver) return;
      isOver = true;
      for (const i of events.keys()) write({ e: this.name, n: first + i, t: now(), ...answer });
    };
    response.once('close', () => answered({ s: null }));
    const fault = signatureFault(headers, body);
    if (fault !== null) {
      answered({ bad: fault });
      return void response.writeHead(401).end();
    }
    const treatment = treat(this.mood, chance);
    if (treatment === 'never') return;
    if (treatment === 'reset') return void incoming.socket.resetAndDestroy();
    if (treatment.delay > 0) await new Promise((resolve) => setTimeout(resolve, treatment.delay));
    if (response.destroyed || incoming.socket.destroyed) return;
    const { status, headers: extra } = treatment;
    if (status >= 200 && status < 300) for (const { id } of events) this.delivered.add(id);
    answered({ s: status });
    response.writeHead(status, extra).end();
  }
}

function eventsOf(body: Buffer, id: string): readonly BatchedEvent[] {
  const text = body.toString();
  return text.startsWith('[') ? batchedEvents(text) : [{ id, body, isBehind: false }];
}

function signatureFault(headers: IncomingMessage['headers'], body: Buffer): string | null {
  try {
    verifier.verify(body, headers as Record<string, string>, { jsonParse: false });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const endpoints = new Map(names.split(',').map((name) => [name, new Endpoint(name)]));

function counts(): SinkCounts {
  return Object.fromEntries([...endpoints.values()].map(({ name, requests, delivered }) => [name, { requests, delivered: delivered.size }]));
}

let told = '';
setInterval(() => {
  flush();
  const text = JSON.stringify(counts());
  if (text === told) return;
  told = text;
  process.send?.({ counts: JSON.parse(text) as SinkCounts });
}, FLUSH);

answerParent(async (asked) => {
  const message = asked as SinkAsk;
  switch (message.kind) {
    case 'open':
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.start()));
      return Object.fromEntries([...endpoints.values()].map(({ name, port }) => [name, `http://127.0.0.1:${port}`]));
    case 'moods':
      for (const [name, mood] of Object.entries(message.moods)) await endpoints.get(name)?.turn(mood);
      return null;
    case 'counts':
      flush();
      return counts();
  }
});
stayAlive();
