import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { Receiver, type ReceiverOptions } from './receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

async function opened(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await Receiver.open(options);
  onTestFinished(() => receiver.close());
  return receiver;
}

async function send(receiver: Receiver, id: string, body = '{}', secret = SECRET): Promise<number> {
  const now = new Date();
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
  const response = await fetch(`${receiver.url}/hooks`, { method: 'POST', headers, body });
  return response.status;
}

test('records what arrives, counts attempts by id and answers as told', async () => {
  const receiver = await opened({ answer: (_request, attempt) => (attempt === 1 ? 503 : { status: 200, delay: 1 }) });
  const both = receiver.received(2);
  const delivered = receiver.deliveries(1);
  expect(await send(receiver, 'a', '{"n":1}')).toBe(503);
  expect(await send(receiver, 'a', '{"n":1}')).toBe(200);
  await both;
  await delivered;
  expect(receiver.requests.map(({ order, id, attempt, status, url }) => ({ order, id, attempt, status, url }))).toEqual([
    { order: 0, id: 'a', attempt: 1, status: 503, url: '/hooks' },
    { order: 1, id: 'a', attempt: 2, status: 200, url: '/hooks' },
  ]);
  expect(receiver.bodies()).toEqual([{ n: 1 }, { n: 1 }]);
});

test('refuses what is signed with another secret', async () => {
  const receiver = await opened({ secret: SECRET });
  expect(await send(receiver, 'a', '{}', `whsec_${Buffer.alloc(32, 4).toString('base64')}`)).toBe(401);
  expect(await send(receiver, 'b')).toBe(204);
  expect(receiver.requests.map(({ id }) => id)).toEqual(['b']);
  expect(receiver.refused).toHaveLength(1);
});

test('closed, it refuses connections; opened again, it is at the same place', async () => {
  const receiver = await opened({ answer: () => 'reset' });
  await expect(send(receiver, 'a')).rejects.toThrow('fetch failed');
  await receiver.close();
  await expect(send(receiver, 'b')).rejects.toThrow('fetch failed');
  await receiver.open();
  receiver.answer = () => 204;
  expect(await send(receiver, 'c')).toBe(204);
  expect(receiver.requests.map(({ id }) => id)).toEqual(['a', 'c']);
});

test('a wait that is in vain says what came', async () => {
  const receiver = await opened();
  await send(receiver, 'a', '{"seen":true}');
  await expect(receiver.until(() => false, 'the impossible', 10)).rejects.toThrow(/the impossible: 1 requests, 1 ids, 1 delivered; .*seen/);
});
