import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Sender } from '../../src/deliver/sender.ts';
import { Signer } from '../../src/format/signature.ts';
import { Notifier, type NotifierOptions } from '../../src/observe/notifier.ts';
import { endpointAt } from '../deliver/endpoint.ts';
import { SECRET } from '../config/loading.ts';
import { Receiver } from '../support/receiver.ts';

const FAILING = { type: 'endpoint.failing', endpoint: 'crm', reason: 'it answers 503' } as const;
const dead = (id: string, endpoint = 'crm') => ({ type: 'delivery.dead', endpoint, hook: 'h', id, reason: 'it answers 400' }) as const;

async function receiver(): Promise<Receiver> {
  const opened = await Receiver.open({ secret: SECRET });
  onTestFinished(() => opened.close());
  return opened;
}

function notifier(urls: Readonly<Record<string, string>>, options: Partial<NotifierOptions> = {}) {
  const lines: Record<string, unknown>[] = [];
  const signer = new Signer([SECRET]);
  const senders = Object.entries(urls).map(
    ([name, url]) => [name, new Sender(endpointAt(`${url}/ops`, { name, timeout: 500 }), { userAgent: 'walhook', sign: (id, at, body) => signer.sign(id, at, body) })] as const,
  );
  const made = new Notifier({
    to: new Map(senders.map(([name, { attempt }]) => [name, attempt])),
    log: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    firstWait: 10,
    quiet: 50,
    ...options,
  });
  onTestFinished(async () => {
    made.close();
    await Promise.all(senders.map(([, sender]) => sender.abort()));
  });
  return { made, lines };
}

test('a notice is a signed webhook with its type, its time and what it is about', async () => {
  const ops = await receiver();
  const { made } = notifier({ ops: ops.url });
  made.tell(FAILING);
  await ops.deliveries(1);
  const [request] = ops.requests;
  expect(request).toMatchObject({ method: 'POST', url: '/ops', id: expect.stringMatching(/^ntf_[0-9a-f]{24}$/) });
  expect(JSON.parse(request?.body.toString() ?? '')).toEqual({
    type: 'endpoint.failing',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    data: { endpoint: 'crm', reason: 'it answers 503' },
  });
  expect(ops.refused).toEqual([]);
});

test('it is tried again with the same id and body, and later ones wait behind it', async () => {
  const ops = await receiver();
  ops.answer = (_request, attempt) => (ops.byId.size === 1 && attempt < 4 ? 503 : 204);
  const { made, lines } = notifier({ ops: ops.url });
  made.tell(FAILING);
  made.tell({ type: 'lag', seconds: 400 });
  await ops.deliveries(2);
  const ids = ops.requests.map(({ id }) => id);
  expect(new Set(ids.slice(0, 4)).size).toBe(1);
  expect(ids).toHaveLength(5);
  expect(new Set(ops.requests.slice(0, 4).map(({ body }) => body.toString())).size).toBe(1);
  expect(lines).toHaveLength(1);
});

test('an endpoint is never told of its own trouble, but the others are', async () => {
  const [ops, crm] = [await receiver(), await receiver()];
  const { made } = notifier({ ops: ops.url, crm: crm.url });
  made.tell(FAILING);
  made.tell({ type: 'endpoint.disabled', endpoint: 'crm', reason: '410' });
  made.tell(dead('a'));
  made.tell({ type: 'endpoint.recovered', endpoint: 'crm' });
  await Promise.all([ops.deliveries(4), crm.deliveries(1)]);
  expect(crm.bodies()).toMatchObject([{ type: 'endpoint.recovered' }]);
});

test('one that does not answer keeps nothing from the others; what waits for it is bounded, and what is dropped is logged', async () => {
  const [ops, silent] = [await receiver(), await receiver()];
  silent.answer = () => 'never';
  const { made, lines } = notifier({ silent: silent.url, ops: ops.url });
  for (let i = 1; i <= 150; i++) {
    made.tell({ type: 'lag', seconds: i });
    await ops.deliveries(i);
  }
  made.close();
  const told = lines.filter(({ endpoint, msg }) => endpoint === 'silent' && /not sent/.test(String(msg))).map(({ msg }) => msg);
  expect(told).toEqual(['50 notices are not sent: more than 100 were waiting', '100 notices are not sent: walhook ends']);
});

test('what an endpoint refuses for good is dropped, with a line', async () => {
  const ops = await receiver();
  ops.answer = () => (ops.byId.size === 1 ? 410 : 204);
  const { made, lines } = notifier({ ops: ops.url });
  made.tell(FAILING);
  made.tell({ type: 'lag.over' });
  await ops.deliveries(1);
  expect(ops.requests).toHaveLength(2);
  expect(lines).toMatchObject([{ notices: ['endpoint.failing'], msg: '1 notice is not sent: the endpoint answered 410' }]);
});

test('deaths of an endpoint come at once, then summed up', async () => {
  const ops = await receiver();
  const { made } = notifier({ ops: ops.url });
  for (const id of ['a', 'b', 'c', 'd']) made.tell(dead(id));
  made.tell(dead('x', 'erp'));
  await ops.deliveries(3);
  const told = ops.bodies<{ data: { id: string; count: number } }>().map(({ data: { id, count } }) => [id, count]);
  expect(told).toEqual([['a', 1], ['x', 1], ['d', 3]]);
});
