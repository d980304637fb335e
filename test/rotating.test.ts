import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RotatedSecret } from '../src/format/endpoint-signer.ts';
import { newSecret } from '../src/format/new-secret.ts';
import { Rotating } from '../src/rotating.ts';
import type { RotationStore, StoredRotation } from '../src/rotations.ts';

const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-03-04T05:06:07Z') });
});
afterEach(() => vi.useRealTimers());

class MemoryRotations implements RotationStore {
  readonly kept = new Map<string, StoredRotation>();

  async list(): Promise<StoredRotation[]> {
    return [...this.kept.values()];
  }

  async save({ grace, ...rotation }: Parameters<RotationStore['save']>[0]): Promise<StoredRotation> {
    const stored = { ...rotation, beganAt: new Date(), endsAt: new Date(Date.now() + grace) };
    this.kept.set(rotation.endpoint, stored);
    return stored;
  }

  async remove({ endpoint }: Parameters<RotationStore['remove']>[0]): Promise<void> {
    this.kept.delete(endpoint);
  }
}

/** As a daemon that starts with these secrets in its configuration. */
async function started(store: RotationStore, secrets: readonly string[]): Promise<{ readonly rotating: Rotating; readonly told: (RotatedSecret | null)[] }> {
  const told: (RotatedSecret | null)[] = [];
  const rotating = new Rotating({
    endpoints: [{ name: 'crm', signing: secrets.length === 0 ? null : { secrets } }],
    store,
    signers: new Map([['crm', { rotate: (rotated) => told.push(rotated) }]]),
    log: pino({ level: 'silent' }),
  });
  await rotating.restore();
  return { rotating, told };
}

test('a rotation goes on after a restart, and the new secret signs alone when its time is over', async () => {
  const store = new MemoryRotations();
  const [old, before] = [newSecret('whsec_'), await started(store, [])];
  await expect(before.rotating.rotate('crm', HOUR)).rejects.toMatchObject({ code: 'no_signing' });
  const first = await started(store, [old]);
  const { secret } = await first.rotating.rotate('crm', HOUR);
  expect(first.rotating.secrets('crm')).toEqual([secret, old]);
  expect(JSON.stringify([...store.kept.values()])).not.toContain(secret);
  const second = await started(store, [old]);
  expect(second.told).toEqual([{ secret, endsAt: Date.now() + HOUR }]);
  expect(second.rotating.of('crm')).toMatchObject({ configured: false, readable: true });
  await expect(second.rotating.rotate('crm', HOUR)).rejects.toMatchObject({ code: 'rotating' });
  vi.advanceTimersByTime(HOUR);
  expect(second.rotating.secrets('crm')).toEqual([secret]);
  expect(second.rotating.of('crm')).toMatchObject({ configured: false });
});

test('once the file has the secret it rules alone when the time is over, and the rotation is forgotten', async () => {
  const store = new MemoryRotations();
  const old = newSecret('whsec_');
  const { secret } = await (await started(store, [old])).rotating.rotate('crm', HOUR);
  const { rotating } = await started(store, [secret, old]);
  expect(rotating.of('crm')).toMatchObject({ configured: true });
  // The file may have dropped the old one already.
  expect((await started(store, [secret])).rotating.secrets('crm')).toEqual([secret]);
  vi.advanceTimersByTime(HOUR);
  expect(rotating.of('crm')).toBeNull();
  expect(rotating.secrets('crm')).toEqual([secret, old]);
  const { rotating: next } = await started(store, [secret]);
  expect(next.of('crm')).toBeNull();
  expect(store.kept.size).toBe(0);
  // Going back to the old secret in the file is the file's to say.
  expect((await started(store, [old])).rotating.secrets('crm')).toEqual([old]);
});

test('ended, the configuration signs as if nothing had been', async () => {
  const store = new MemoryRotations();
  const old = newSecret('whsec_');
  const { rotating, told } = await started(store, [old]);
  await rotating.rotate('crm', HOUR);
  await rotating.end('crm');
  await rotating.end('crm');
  expect([rotating.of('crm'), rotating.secrets('crm'), told.at(-1), store.kept.size]).toEqual([null, [old], null, 0]);
});

test('with another secret in the file than before the rotated one is nothing, and the file signs', async () => {
  const store = new MemoryRotations();
  await (await started(store, [newSecret('whsec_')])).rotating.rotate('crm', HOUR);
  const other = newSecret('whsec_');
  const { rotating, told } = await started(store, [other]);
  expect(rotating.of('crm')).toMatchObject({ readable: false, configured: false });
  expect([rotating.secrets('crm'), told]).toEqual([[other], [null]]);
});

test('an Ed25519 key is followed by another, whose public key is told', async () => {
  const { rotating } = await started(new MemoryRotations(), [newSecret('whsk_')]);
  const { secret, rotation } = await rotating.rotate('crm', HOUR);
  expect(secret).toMatch(/^whsk_/);
  expect(rotation.publicKey).toMatch(/^whpk_/);
});

test('what cannot be stored does not sign', async () => {
  const old = newSecret('whsec_');
  const store = new MemoryRotations();
  const { rotating, told } = await started(Object.assign(store, { save: () => Promise.reject(new Error('fenced')) }), [old]);
  await expect(rotating.rotate('crm', HOUR)).rejects.toThrow('fenced');
  expect([rotating.secrets('crm'), told]).toEqual([[old], []]);
});

test('of two that rotate at the same time one is told that there is a rotation, and the secret of the other signs', async () => {
  const { rotating } = await started(new MemoryRotations(), [newSecret('whsec_')]);
  const [first, second] = await Promise.allSettled([rotating.rotate('crm', HOUR), rotating.rotate('crm', HOUR)]);
  expect([first, second]).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'rotating' } }]);
  expect(rotating.secrets('crm')[0]).toBe(first.status === 'fulfilled' ? first.value.secret : null);
});

test('a rotation that begins while the one before is being forgotten stays', async () => {
  const store = new MemoryRotations();
  const old = newSecret('whsec_');
  const { secret } = await (await started(store, [old])).rotating.rotate('crm', HOUR);
  const { rotating, told } = await started(store, [secret, old]);
  vi.advanceTimersByTime(HOUR);
  const gate = Promise.withResolvers<void>();
  const remove = store.remove.bind(store);
  store.remove = async (endpoint) => {
    await gate.promise;
    await remove(endpoint);
  };
  expect(rotating.of('crm')).toBeNull();
  const begun = rotating.rotate('crm', HOUR);
  gate.resolve();
  const { secret: next } = await begun;
  // What was asked for before has been answered.
  await rotating.rotate('crm', HOUR).catch(() => undefined);
  expect([rotating.secrets('crm')[0], told.at(-1)?.secret, store.kept.size]).toEqual([next, next, 1]);
});

test('what another process began or ended is taken over when it is read again, and signs here', async () => {
  const store = new MemoryRotations();
  const old = newSecret('whsec_');
  const [here, there] = [await started(store, [old]), await started(store, [old])];
  const { secret } = await there.rotating.rotate('crm', HOUR);
  // Also before it is read: nobody is given a secret that does not sign.
  await expect(here.rotating.rotate('crm', HOUR)).rejects.toMatchObject({ code: 'rotating' });
  await here.rotating.reread();
  await here.rotating.reread();
  expect([here.rotating.secrets('crm'), here.told]).toEqual([[secret, old], [{ secret, endsAt: Date.now() + HOUR }]]);
  await here.rotating.end('crm');
  await there.rotating.reread();
  expect([there.rotating.of('crm'), there.rotating.secrets('crm'), there.told.at(-1)]).toEqual([null, [old], null]);
});
