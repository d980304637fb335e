import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** How a proxy passes bytes on. Holds for what arrives from then on. */
export interface Manner {
  /** Milliseconds by which everything is late, each way. */
  readonly latency: number;
  /** Bytes in a piece at most; each goes out by itself. */
  readonly slice: number;
}

const AT_ONCE: Manner = { latency: 0, slice: Number.POSITIVE_INFINITY };

/** A connection's two ends, and what is under way between them. */
interface Link {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Half-open: nothing is passed on any more, in neither direction, not even the end. */
  dead: boolean;
}

interface Waiter {
  readonly satisfied: () => boolean;
  readonly resolve: () => void;
}

/** A TCP proxy on 127.0.0.1 before one server, which makes a network of any quality. */
export class Proxy {
  /** `target`: a URL whose host and port are proxied; `url` is the same URL by way of the proxy. */
  static async before(target: string): Promise<Proxy> {
    const url = new URL(target);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Proxy(url, server);
  }

  readonly url: string;
  manner: Manner = AT_ONCE;
  /** False: a new connection is reset as soon as it is there. */
  accepts = true;
  /** Connections so far, and bytes passed on, both ways. */
  connections = 0;
  bytes = 0;
  readonly #host: string;
  readonly #port: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  /** Bytes after which the connection that passes them is reset; null for none. */
  #fuse: number | null = null;
  #paused = false;
  #waiters: Waiter[] = [];

  private constructor(target: URL, server: Server) {
    this.#host = target.hostname;
    this.#port = Number(target.port);
    this.#server = server;
    const url = new URL(target);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href.replace(/\/$/, '');
    server.on('connection', (client) => this.#accept(client));
  }

  /** Connections that are open, the half-open ones not counted. */
  get open(): number {
    return [...this.#links].filter(({ dead }) => !dead).length;
  }

  /** Makes every connection there is half-open: it stays, and swallows whatever is sent. New ones work. */
  halfOpen(): void {
    for (const link of this.#links) {
      link.dead = true;
      // To be read, so that the senders never block, and to hear of an end that is not passed on.
      link.client.resume();
      link.upstream.resume();
    }
  }

  /** Resets every connection there is. */
  reset(): void {
    for (const { client, upstream } of this.#links) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  }

  /** Resets the connection that passes the byte so many from now; the bytes before it arrive. */
  resetAfter(bytes: number): void {
    this.#fuse = bytes;
  }

  /** True while no connection has passed that byte. */
  get armed(): boolean {
    return this.#fuse !== null;
  }

  /** Passes nothing on until `resume`: the senders' buffers fill. */
  pause(): void {
    this.#paused = true;
    for (const link of this.#links) if (!link.dead) pauseBoth(link);
  }

  resume(): void {
    this.#paused = false;
    for (const { client, upstream } of this.#links) {
      client.resume();
      upstream.resume();
    }
  }

  /** Resolves once the predicate holds; it is asked with each connection, end and chunk. */
  until(predicate: (proxy: Proxy) => boolean, what = 'what the test waits for', patience = 20_000): Promise<void> {
    if (predicate(this)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the proxy waits for ${what}: ${this.connections} connections, ${this.open} open, ${this.bytes} bytes`)), patience);
      this.#waiters.push({ satisfied: () => predicate(this), resolve: () => (clearTimeout(timer), resolve()) });
    });
  }

  /** Ends everything. May be called twice. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await closed;
  }

  #accept(client: Socket): void {
    this.connections++;
    if (!this.accepts) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      this.#wake();
      return;
    }
    const link: Link = { client, upstream: connect({ host: this.#host, port: this.#port, noDelay: true }), dead: false };
    this.#links.add(link);
    client.setNoDelay(true);
    this.#pass(link, client, link.upstream);
    this.#pass(link, link.upstream, client);
    if (this.#paused) pauseBoth(link);
    this.#wake();
  }

  #pass(link: Link, from: Socket, to: Socket): void {
    const late = new Line();
    from.on('data', (chunk: Buffer) => {
      if (link.dead) return;
      const { latency, slice } = this.manner;
      for (const piece of pieces(chunk, slice)) late.run(latency, () => this.#write(link, piece, from, to));
      this.#wake();
    });
    from.on('end', () => late.run(this.manner.latency, () => link.dead || to.end()));
    from.on('error', () => (link.dead ? undefined : to.resetAndDestroy()));
    from.on('close', () => {
      if (link.client.destroyed && link.upstream.destroyed) this.#links.delete(link);
      this.#wake();
    });
  }

  #write(link: Link, piece: Buffer, from: Socket, to: Socket): void {
    if (link.dead || to.destroyed) return;
    const fuse = this.#fuse;
    if (fuse !== null && piece.length >= fuse) {
      this.#fuse = null;
      to.write(piece.subarray(0, fuse), () => {
        link.client.resetAndDestroy();
        link.upstream.resetAndDestroy();
      });
      return;
    }
    if (fuse !== null) this.#fuse = fuse - piece.length;
    this.bytes += piece.length;
    if (to.write(piece) || from.isPaused()) return;
    from.pause();
    to.once('drain', () => (this.#paused && !link.dead ? undefined : from.resume()));
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.satisfied());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

/** Runs things in their order, each by its own milliseconds late at least. */
class Line {
  #waiting = 0;
  #last = Promise.resolve();

  run(latency: number, work: () => unknown): void {
    if (latency === 0 && this.#waiting === 0) {
      work();
      return;
    }
    this.#waiting++;
    const due = new Promise((resolve) => setTimeout(resolve, latency));
    this.#last = this.#last.then(async () => {
      await due;
      this.#waiting--;
      work();
    });
  }
}

function pauseBoth({ client, upstream }: Link): void {
  client.pause();
  upstream.pause();
}

function* pieces(chunk: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, Math.min(at + size, chunk.length));
}
