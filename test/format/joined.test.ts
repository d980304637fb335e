import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { Sender } from '../../src/deliver/sender.ts';
import type { Delivery } from '../../src/delivery.ts';
import { joined, onItsOwn } from '../../src/format/joined.ts';
import { Signer } from '../../src/format/signature.ts';
import { attempt, deliveryOf, endpointAt } from '../deliver/endpoint.ts';
import { insert, type TableShape } from '../support/pgoutput.ts';
import { Receiver } from '../support/receiver.ts';
import { SECRET } from '../support/secret.ts';
import { EVENT_ID, tell } from '../support/table.ts';

const SHAPE: TableShape = { oid: 1, schema: 'public', table: 'profiles', replicaIdentity: 'd', columns: [{ name: 'user_id', identity: true }] };

function eventsOf(format: 'event' | 'cloudevents', count: number): [Delivery, ...Delivery[]] {
  const told = tell({ shape: SHAPE, hook: { format } }, ...Array.from({ length: count }, (_, i) => insert(1, [`${i}`])));
  const [first, ...others] = told.map(({ text, contentType }, i) => deliveryOf(EVENT_ID.replace('-1-', `-${i + 1}-`), text, { contentType }));
  if (first === undefined) throw new Error('no events');
  return [first, ...others];
}

test('the body is an array of the bodies, in their order, byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.json(), { minLength: 1, maxLength: 20 }), (bodies) => {
      const [first = deliveryOf('', ''), ...others] = bodies.map((body, i) => deliveryOf(`id-${i}`, body));
      const { body } = joined([first, ...others]);
      expect(body).toBe(`[${bodies.join(',')}]`);
      expect(JSON.parse(body)).toEqual(bodies.map((one) => JSON.parse(one) as unknown));
    }),
  );
});

test('its id is the same for the same deliveries in the same order, another for any others, and has no dot', () => {
  const id = (...ids: readonly [string, ...string[]]): string => {
    const [first, ...others] = ids;
    return joined([deliveryOf(first, '{}'), ...others.map((one) => deliveryOf(one, '{}'))]).id;
  };
  const ids = [id('a'), id('a', 'b'), id('b', 'a'), id('a', 'c'), id('a', 'b', 'c'), id('a', 'bc'), id('b')];
  expect(new Set(ids).size).toBe(ids.length);
  expect(id('a', 'b')).toBe(id('a', 'b'));
  expect(ids[0]).toBe('a');
  expect(ids[4]).toMatch(/^a-x3-[0-9a-f]{16}$/);
  for (const one of [...ids, joined(eventsOf('event', 3)).id]) expect(one).not.toContain('.');
});

test('a body that is no JSON stays as it is, and so does that of an endpoint without batches', () => {
  for (const contentType of [null, 'application/x-www-form-urlencoded']) {
    const query = deliveryOf('a', 'a=1', { contentType });
    expect(joined([query])).toBe(query);
  }
  const delivery = deliveryOf('a', '{}');
  expect(onItsOwn(delivery, { batch: null })).toBe(delivery);
  expect(onItsOwn(delivery, { batch: { size: 5, bytes: 1000, linger: 0 } })).toMatchObject({ id: 'a', body: '[{}]', request: { contentType: 'application/json' } });
});

test('what the CloudEvents SDK makes of a batch is the events', async () => {
  const receiver = await Receiver.open({ secret: SECRET });
  try {
    const deliveries = eventsOf('cloudevents', 3);
    const signer = new Signer([SECRET]);
    const sender = new Sender(endpointAt(receiver.url), { userAgent: 'walhook/0', sign: (id, timestamp, body) => signer.sign(id, timestamp, body) });
    expect(await attempt(sender, joined(deliveries))).toMatchObject({ kind: 'delivered' });
    await sender.abort();
    const [request] = receiver.requests;
    expect(request?.headers['content-type']).toBe('application/cloudevents-batch+json');
    const events = HTTP.toEvent({ headers: request?.headers ?? {}, body: request?.body.toString() });
    if (!Array.isArray(events)) throw new Error('one event, not a batch');
    expect(events.map((event) => [event.id, event instanceof CloudEvent && event.validate(), event.data])).toEqual(
      deliveries.map((_, i) => [EVENT_ID, true, expect.objectContaining({ data: { user_id: `${i}` } })]),
    );
  } finally {
    await receiver.close();
  }
});

test('the signature is that of the array, under the id of the batch', () => {
  const { id, body } = joined(eventsOf('event', 5));
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': new Signer([SECRET]).sign(id, timestamp, body) };
  expect(new Webhook(SECRET).verify(body, headers)).toHaveLength(5);
  expect(() => new Webhook(SECRET).verify(body.replace(',', ', '), headers)).toThrow(/signature/);
});
