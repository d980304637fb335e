import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from './loopback-port.ts';

/** What a request was, as the receiver saw it. */
export interface Receipt {
  /** webhook-id. */
  readonly id: string;
  /** The body, byte for byte. */
  readonly body: string;
  /** The signature is right and recent. */
  readonly verified: boolean;
  /** When it was there, whole, in Unix milliseconds with fractions. */
  readonly at: number;
}

export interface Receiver {
  readonly url: string;
  /** Ends it. May be called twice. */
  close(): Promise<void>;
}

/** How far the sender's clock may be from ours, in seconds: what Standard Webhooks recommends. */
const TOLERANCE = 300;

/**
 * A receiver of webhooks on a free port of 127.0.0.1, as an application would have one: reads the body as it came, verifies
 * the signature, answers 204, or 401 if it is wrong. It shares no code with the sender.
 */
export async function startReceiver(secret: string, onReceipt: (receipt: Receipt) => void): Promise<Receiver> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        const at = performance.timeOrigin + performance.now();
        const verified = isGenuine(request, body, key);
        onReceipt({ id: header(request, 'webhook-id'), body, verified, at });
        response.writeHead(verified ? 204 : 401).end();
      },
      () => response.destroy(),
    );
  });
  const port = await listenOnLoopback(server);
  let closed: Promise<void> | null = null;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    close: () =>
      (closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })),
  };
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#verifying-webhook-authenticity */
function isGenuine(request: IncomingMessage, body: string, key: Buffer): boolean {
  const timestamp = header(request, 'webhook-timestamp');
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) return false;
  const expected = createHmac('sha256', key).update(`${header(request, 'webhook-id')}.${timestamp}.${body}`).digest();
  // Several while a secret is replaced, with a space between.
  return header(request, 'webhook-signature').split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
