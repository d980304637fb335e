import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { Signer } from '../../src/format/signature.ts';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const OTHER = `whsec_${randomBytes(24).toString('base64')}`;
const now = (): number => Math.floor(Date.now() / 1000);

function verifyHmac(secret: string, signature: string, { id, timestamp, body }: { id: string; timestamp: number; body: string }): unknown {
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
      expect(verifyHmac(SECRET, signer.sign(message.id, message.timestamp, message.body), message)).toEqual(JSON.parse(message.body));
    }
  });

  test('of either secret while they are rotated', () => {
    const message = { id: 'evt_2', timestamp: now(), body: '{}' };
    const signature = new Signer([SECRET, OTHER]).sign(message.id, message.timestamp, message.body);
    expect(signature.split(' ')).toHaveLength(2);
    expect(verifyHmac(SECRET, signature, message)).toEqual({});
    expect(verifyHmac(OTHER, signature, message)).toEqual({});
  });

  test('and of no other', () => {
    const message = { id: 'evt_3', timestamp: now(), body: '{}' };
    const signature = new Signer([SECRET]).sign(message.id, message.timestamp, message.body);
    expect(() => verifyHmac(OTHER, signature, message)).toThrow(/signature/i);
    expect(() => verifyHmac(SECRET, signature, { ...message, body: '{ }' })).toThrow(/signature/i);
    expect(() => verifyHmac(SECRET, signature, { ...message, id: 'evt_4' })).toThrow(/signature/i);
  });
});

test.for([1, 24, 63, 64, 65, 200])('is the HMAC of node:crypto with a key of %d bytes', (length) => {
  const key = randomBytes(length);
  const expected = createHmac('sha256', key).update('evt.1700000000.ü').digest('base64');
  expect(new Signer([`whsec_${key.toString('base64')}`]).sign('evt', 1_700_000_000, 'ü')).toBe(`v1,${expected}`);
  expect(new Signer([key.toString('base64')]).sign('evt', 1_700_000_000, 'ü')).toBe(`v1,${expected}`);
});

describe('a whsk_ secret', () => {
  /** Verifies with nothing but the public key, as a receiver does. */
  function verifies(publicKey: string, signed: string, signature: string): boolean {
    const [, base64 = ''] = /^whpk_(.+)$/.exec(publicKey) ?? [];
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(base64, 'base64').toString('base64url') }, format: 'jwk' });
    return verify(null, Buffer.from(signed), key, Buffer.from(signature.replace(/^v1a,/, ''), 'base64'));
  }

  function pair(): { seed: Buffer; publicKey: Buffer } {
    const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    return { seed: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') };
  }

  test.for([32, 64])('of %d bytes makes a v1a signature that the public key alone verifies', (length) => {
    const { seed, publicKey } = pair();
    const signer = new Signer([`whsk_${Buffer.concat([seed, publicKey]).subarray(0, length).toString('base64')}`]);
    expect(signer.publicKeys).toEqual([`whpk_${publicKey.toString('base64')}`]);
    for (const body of ['{"name":"Zoë 日本"}', '', JSON.stringify({ text: '日'.repeat(200_000) }), '{}']) {
      const signature = signer.sign('evt_1', 1_700_000_000, body);
      expect(signature).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
      const [whpk = ''] = signer.publicKeys;
      expect(verifies(whpk, `evt_1.1700000000.${body}`, signature)).toBe(true);
      expect(verifies(whpk, `evt_2.1700000000.${body}`, signature)).toBe(false);
      expect(verifies(`whpk_${pair().publicKey.toString('base64')}`, `evt_1.1700000000.${body}`, signature)).toBe(false);
    }
  });

  test('has the public key that RFC 8032 (7.1, test 1) has for it', () => {
    const signer = new Signer([`whsk_${Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex').toString('base64')}`]);
    expect(signer.publicKeys).toEqual([`whpk_${Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex').toString('base64')}`]);
  });

  test('stands beside whsec_ ones while they are rotated: each receiver finds its own', () => {
    const { seed, publicKey } = pair();
    const message = { id: 'evt_1', timestamp: now(), body: '{"a":1}' };
    const signature = new Signer([SECRET, `whsk_${seed.toString('base64')}`, OTHER]).sign(message.id, message.timestamp, message.body);
    expect(signature.split(' ').map((one) => one.split(',')[0])).toEqual(['v1', 'v1a', 'v1']);
    expect(verifyHmac(SECRET, signature, message)).toEqual({ a: 1 });
    expect(verifyHmac(OTHER, signature, message)).toEqual({ a: 1 });
    expect(verifies(`whpk_${publicKey.toString('base64')}`, `evt_1.${message.timestamp}.{"a":1}`, signature.split(' ')[1] ?? '')).toBe(true);
  });

  const { seed } = pair();
  test.for([
    ['nothing', ''],
    ['what is no base64', 'not base64!'],
    ['31 bytes', randomBytes(31).toString('base64')],
    ['a PKCS #8 file', Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]).toString('base64')],
    ['another key’s public half', Buffer.concat([seed, pair().publicKey]).toString('base64')],
  ])('of %s is refused and not repeated', ([, base64]) => {
    const make = (): Signer => new Signer([SECRET, `whsk_${base64}`]);
    expect(make).toThrow(WalhookError);
    expect(make).toThrow(/^signing secret 2 is not an Ed25519 private key of 32 or 64 bytes in base64$/);
  });
});

test.for(['', 'whsec_', 'whsec_not base64!', 'whpk_MfKQ9r8GKYqrTwjU'])('a secret that is no base64 is refused and not repeated: %j', (secret) => {
  const make = (): Signer => new Signer([SECRET, secret]);
  expect(make).toThrow(WalhookError);
  expect(make).toThrow('signing secret 2 is not base64');
});
