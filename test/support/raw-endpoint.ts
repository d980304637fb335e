import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createServer as createTlsServer } from 'node:tls';
import type { ReceivedRequest } from './receiver.ts';

/** One request on its connection, to be answered byte by byte. */
export interface RawRequest extends ReceivedRequest {
  readonly socket: Socket;
  /** When its connection was closed, by whoever; monotonic milliseconds. */
  closedAt: number | null;
}

/** What an endpoint does. Both may be left out: then it does nothing. */
export interface Conduct {
  /** With a connection, before anything has been read of it. */
  readonly connected?: (socket: Socket) => void;
  /** With a whole request. */
  readonly requested?: (request: RawRequest, endpoint: RawEndpoint) => void;
}

export interface RawEndpointOptions {
  readonly conduct: Conduct;
  /** Its URL says https. `true`: it speaks TLS, with a certificate that nobody vouches for. `plain`: it does not speak it. */
  readonly tls?: true | 'plain';
}

const CERTIFICATES = new URL('../deliver/certificates/', import.meta.url);

/** An HTTP endpoint on raw sockets, which misbehaves as it is told until it is healed: from then on it answers 204. */
export class RawEndpoint {
  static async open({ conduct, tls }: RawEndpointOptions): Promise<RawEndpoint> {
    const endpoint = new RawEndpoint(conduct, tls);
    await endpoint.listen();
    return endpoint;
  }

  readonly requests: RawRequest[] = [];
  readonly #tls: RawEndpointOptions['tls'];
  readonly #sockets = new Set<Socket>();
  #conduct: Conduct;
  #server: Server | null = null;
  #port = 0;

  private constructor(conduct: Conduct, tls: RawEndpointOptions['tls']) {
    this.#conduct = conduct;
    this.#tls = tls;
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Requests without an answer, on connections that are open. */
  get held(): RawRequest[] {
    return this.requests.filter(({ status, closedAt }) => status === null && closedAt === null);
  }

  /** Different ids that were answered with 2xx. */
  get delivered(): number {
    return new Set(this.requests.filter(({ status }) => status !== null && status < 300).map(({ id }) => id)).size;
  }

  /** Accepts connections (again, at the same port). */
  async listen(): Promise<void> {
    if (this.#server !== null) return;
    const accept = (socket: Socket): void => this.#accept(socket);
    const server = this.#tls === true ? createTlsServer({ key: certificate('receiver.key'), cert: certificate('receiver.pem') }, accept) : createServer(accept);
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Refuses connections, and ends those there are. May be called twice. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** From now on it answers. What it has kept waiting stays so: for whoever gives up just then, an answer would be one too many. */
  async heal(): Promise<void> {
    this.#conduct = { requested: (request, endpoint) => endpoint.answer(request, 204) };
    await this.listen();
  }

  /** A whole answer; the connection stays. `headers`: as lines. */
  answer(request: RawRequest, status: number, headers = ''): void {
    request.status = status;
    const length = status === 204 ? '' : 'content-length: 0\r\n';
    request.socket.write(`HTTP/1.1 ${status} Status\r\n${headers}${length}\r\n`);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    const requests: RawRequest[] = [];
    socket.once('close', () => {
      this.#sockets.delete(socket);
      for (const request of requests) request.closedAt = performance.now();
    });
    this.#conduct.connected?.(socket);
    let read = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      for (let end = wholeRequest(read); end > 0; end = wholeRequest(read)) {
        const request = this.#request(read.subarray(0, end), socket);
        requests.push(request);
        this.#conduct.requested?.(request, this);
        read = read.subarray(end);
      }
    });
  }

  #request(bytes: Buffer, socket: Socket): RawRequest {
    const head = bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'));
    const [method = '', url = ''] = head.split(' ', 2);
    const id = /^webhook-id: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
    const attempt = this.requests.filter((other) => other.id === id).length + 1;
    const body = Buffer.from(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4));
    const request: RawRequest = { order: this.requests.length, at: performance.now(), method, url, headers: {}, body, id, attempt, status: null, socket, closedAt: null };
    this.requests.push(request);
    return request;
  }
}

/** Where the first request ends, 0 if it is not whole. walhook sends Content-Length with every body. */
function wholeRequest(bytes: Buffer): number {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = Number(/^content-length: (\d+)$/im.exec(bytes.toString('latin1', 0, headEnd))?.[1] ?? 0);
  const end = headEnd + 4 + length;
  return bytes.length >= end ? end : 0;
}

function certificate(name: string): Buffer {
  return readFileSync(new URL(name, CERTIFICATES));
}
