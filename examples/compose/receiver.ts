import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/*
 * What a receiver of webhooks has to do, with Node alone: read the body as it came, verify the signature
 * (https://www.standardwebhooks.com), answer 2xx at once. One line a webhook on stdout.
 */

const PORT = 8080;
/** How far the sender's clock may be from ours, in seconds. */
const TOLERANCE = 300;

const secret = Buffer.from((process.env['WEBHOOK_SECRET'] ?? '').replace(/^whsec_/, ''), 'base64');
if (secret.length === 0) throw new Error('WEBHOOK_SECRET is not set: the signing secret, whsec_…');

function verified(request: IncomingMessage, body: string): boolean {
  const id = request.headers['webhook-id'];
  const timestamp = request.headers['webhook-timestamp'];
  const signatures = request.headers['webhook-signature'];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return false;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest();
  // Several while a secret is rotated, with a space between: `v1,base64 v1,base64`.
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

async function receive(request: IncomingMessage): Promise<number> {
  if (request.method === 'GET') return 200; // the health check
  const body = await text(request);
  const genuine = verified(request, body);
  console.log(request.method, request.url, request.headers['webhook-id'], genuine ? 'signature ok' : 'signature BAD', body);
  return genuine ? 204 : 401;
}

const server = createServer((request, response) => {
  receive(request).then(
    (status) => response.writeHead(status).end(),
    () => response.destroy(),
  );
});
server.listen(PORT, () => console.log(`listening on ${PORT}`));
process.on('SIGTERM', () => server.close());
