import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { Signer } from '../../src/format/signature.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const OTHER = `whsec_${randomBytes(24).toString('base64')}`;
const now = (): number => Math.floor(Date.now() / 1000);

function verify(secret: string, signature: string, { id, timestamp, body }: { id: string; timestamp: number; body: string }): unknown {
  return new Webhook(secret).verify(body, {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signature,
  });
}

describe('Standard Webhooks accepts the signature', () => {
  test.for([
    ['plain', '{"a":1}'],
    ['text beyond ASCII', JSON.stringify({ name: 'Zoë 日本 👩‍👩‍👧 \u0000' })],
    ['a large body', JSON.stringify({ text: '日'.repeat(1_000_000) })],
    ['a small one after it', '{"b":2}'],
  ])('%s', ([, body]) => {
    const signer = new Signer([SECRET]);
    const message = { id: 'evt_1', timestamp: now(), body: body ?? '' };
    for (let i = 0; i < 2; i++) {
      expect(verify(SECRET, signer.sign(message.id, message.timestamp, message.body), message)).toEqual(JSON.parse(message.body));
    }
  });

  test('of either secret while they are rotated', () => {
    const message = { id: 'evt_2', timestamp: now(), body: '{}' };
    const signature = new Signer([SECRET, OTHER]).sign(message.id, message.timestamp, message.body);
    expect(signature.split(' ')).toHaveLength(2);
    expect(verify(SECRET, signature, message)).toEqual({});
    expect(verify(OTHER, signature, message)).toEqual({});
  });

  test('and of no other', () => {
    const message = { id: 'evt_3', timestamp: now(), body: '{}' };
    const signature = new Signer([SECRET]).sign(message.id, message.timestamp, message.body);
    expect(() => verify(OTHER, signature, message)).toThrow(/signature/i);
    expect(() => verify(SECRET, signature, { ...message, body: '{ }' })).toThrow(/signature/i);
    expect(() => verify(SECRET, signature, { ...message, id: 'evt_4' })).toThrow(/signature/i);
  });
});

test.for([1, 24, 63, 64, 65, 200])('is the HMAC of node:crypto with a key of %d bytes', (length) => {
  const key = randomBytes(length);
  const expected = createHmac('sha256', key).update('evt.1700000000.ü').digest('base64');
  expect(new Signer([`whsec_${key.toString('base64')}`]).sign('evt', 1_700_000_000, 'ü')).toBe(`v1,${expected}`);
  expect(new Signer([key.toString('base64')]).sign('evt', 1_700_000_000, 'ü')).toBe(`v1,${expected}`);
});

test.for(['', 'whsec_', 'whsec_not base64!', 'whsk_MfKQ9r8GKYqrTwjU'])('a secret that is no base64 is refused and not repeated: %j', (secret) => {
  const make = (): Signer => new Signer([SECRET, secret]);
  expect(make).toThrow(WalhookError);
  expect(make).toThrow('signing secret 2 is not base64');
});
