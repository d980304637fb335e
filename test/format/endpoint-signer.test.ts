import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { EndpointSigner, signingSecrets } from '../../src/format/endpoint-signer.ts';
import { newSecret, publicKeyOf } from '../../src/format/new-secret.ts';
import { fingerprintOf, seal, unseal } from '../../src/format/sealed-secret.ts';
import { Signer } from '../../src/format/signature.ts';

const [OLD, NEW] = [newSecret('whsec_'), newSecret('whsec_')];

test('which secrets sign, during the grace time and after it', () => {
  const rotated = { secret: NEW, endsAt: 0 };
  expect(signingSecrets([OLD], null)).toEqual({ now: [OLD], after: [OLD] });
  expect(signingSecrets([OLD], rotated)).toEqual({ now: [NEW, OLD], after: [NEW] });
  // The configuration has it: it rules alone then.
  expect(signingSecrets([NEW, OLD], rotated)).toEqual({ now: [NEW, OLD], after: [NEW, OLD] });
  expect(signingSecrets([NEW], rotated)).toEqual({ now: [NEW], after: [NEW] });
});

test('a change takes hold with the next request, and the old secret ends by the clock', () => {
  const signer = new EndpointSigner([OLD]);
  const now = Math.floor(Date.now() / 1_000);
  const accepted = (timestamp: number): boolean[] => {
    const headers = { 'webhook-id': 'a', 'webhook-timestamp': String(now), 'webhook-signature': signer.sign('a', timestamp, '{}') };
    return [OLD, NEW].map((secret) => new Signer([secret]).sign('a', timestamp, '{}')).map((one) => headers['webhook-signature'].split(' ').includes(one));
  };
  expect(accepted(now)).toEqual([true, false]);
  signer.rotate({ secret: NEW, endsAt: (now + 10) * 1_000 });
  expect(accepted(now)).toEqual([true, true]);
  expect(accepted(now + 9)).toEqual([true, true]);
  expect(accepted(now + 10)).toEqual([false, true]);
  const headers = { 'webhook-id': 'a', 'webhook-timestamp': String(now), 'webhook-signature': signer.sign('a', now, '{}') };
  for (const secret of [OLD, NEW]) expect(() => new Webhook(secret).verify('{}', headers)).not.toThrow();
  signer.rotate(null);
  expect(accepted(now + 20)).toEqual([true, false]);
});

test('a new secret is of the kind of the old one, and no two are the same', () => {
  expect(Buffer.from(NEW.slice('whsec_'.length), 'base64')).toHaveLength(32);
  expect(NEW).not.toBe(OLD);
  expect(publicKeyOf(NEW)).toBeNull();
  const key = newSecret('whsk_abc');
  expect(new Signer([key]).publicKeys).toEqual([publicKeyOf(key)]);
});

test('what is sealed is opened by the secret that sealed it alone', () => {
  const sealed = seal(NEW, OLD);
  expect(sealed.toString('latin1')).not.toContain(NEW);
  expect(unseal(sealed, [newSecret('whsec_'), OLD])).toBe(NEW);
  expect(unseal(sealed, [newSecret('whsec_')])).toBeNull();
  expect(unseal(sealed, [])).toBeNull();
  expect(unseal(Buffer.from('short'), [OLD])).toBeNull();
  sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
  expect(unseal(sealed, [OLD])).toBeNull();
  expect(fingerprintOf(NEW)).toEqual(fingerprintOf(NEW));
  expect(fingerprintOf(NEW)).not.toEqual(fingerprintOf(OLD));
});
