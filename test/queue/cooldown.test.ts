import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery.ts';
import type { Ending } from '../../src/outcome.ts';
import { Cooldown } from '../../src/queue/cooldown.ts';
import type { Claim, ClaimStore } from '../../src/queue/port.ts';
import { OK, Rig } from './rig.ts';

/** Claims in memory, with the statements that asked for them. */
class Claims implements ClaimStore {
  readonly held = new Map<string, Claim>();
  readonly batches: string[][] = [];
  fails = false;

  claim(batch: readonly Claim[]): Promise<boolean[]> {
    this.batches.push(batch.map(({ id }) => id));
    if (this.fails) return Promise.reject(new Error('it is down'));
    return Promise.resolve(
      batch.map((claim) => {
        const others = [...this.held.values()].filter(({ row, until, committedAt }) => row === claim.row && until > claim.committedAt && committedAt < claim.until);
        if (others.length > 0 && !this.held.has(claim.id)) return false;
        this.held.set(claim.id, claim);
        return true;
      }),
    );
  }

  prune(): Promise<void> {
    return Promise.resolve();
  }
}

const rig = new Rig();

/** A delivery of a row, committed so many seconds after the first. */
function delivery(id: string, row: string | undefined, seconds: number): Delivery {
  return rig.delivery(id, 1, { row, committedAt: seconds * 1000 });
}

function sender(claims: Claims, cooldown = 60_000) {
  const sent: string[] = [];
  const hook = delivery('x', 'r', 0).request.hook;
  const attempt = new Cooldown({ store: claims, hooks: new Map([[hook, cooldown]]) }).attempt((one, done) => {
    sent.push(one.id);
    setImmediate(() => done(OK));
  });
  return { sent, send: (one: Delivery) => new Promise<Ending>((resolve) => attempt(one, resolve, () => true)) };
}

test('of a row one is sent within the time, by when its events were committed; of others each', async () => {
  const { sent, send } = sender(new Claims());
  const kinds: string[] = [];
  for (const one of [delivery('a', 'r', 0), delivery('b', 'r', 59.999), delivery('c', 's', 1), delivery('d', 'r', 60), delivery('e', 'r', 61)]) {
    kinds.push((await send(one)).kind);
  }
  expect(kinds).toEqual(['delivered', 'skipped', 'delivered', 'delivered', 'skipped']);
  expect(sent).toEqual(['a', 'c', 'd']);
});

test('a retry is let through, also after a later one of its row was', async () => {
  const { sent, send } = sender(new Claims());
  for (const one of [delivery('a', 'r', 0), delivery('a', 'r', 0), delivery('b', 'r', 60), delivery('a', 'r', 0)]) await send(one);
  expect(sent).toEqual(['a', 'a', 'b', 'a']);
});

test('deletes and visibility updates go out without a claim', async () => {
  const claims = new Claims();
  const { sent, send } = sender(claims);
  for (const one of [delivery('a', 'r', 0), { ...delivery('b', 'r', 1), operation: 'visibility_update' }, { ...delivery('c', 'r', 2), operation: 'delete' }, delivery('d', 'r', 3)]) {
    await send(one);
  }
  expect(sent).toEqual(['a', 'b', 'c']);
  expect(claims.batches).toEqual([['a'], ['d']]);
});

test('what is attempted in one turn asks in one statement, of each row one', async () => {
  const claims = new Claims();
  const { sent, send } = sender(claims);
  await Promise.all([delivery('a', 'r', 0), delivery('b', 's', 0), delivery('c', 'r', 1), delivery('d', undefined, 0)].map(send));
  expect(claims.batches).toEqual([['a', 'b'], ['c']]);
  expect(sent.toSorted()).toEqual(['a', 'b', 'd']);
});

test('while it cannot be asked nothing is sent, and the endpoint is not to blame', async () => {
  const claims = new Claims();
  const { sent, send } = sender(claims);
  claims.fails = true;
  expect(await send(delivery('a', 'r', 0))).toMatchObject({ kind: 'failed', failure: 'cooldown', verdict: 'retry', message: 'cooldown: it is down' });
  claims.fails = false;
  expect((await send(delivery('a', 'r', 0))).kind).toBe('delivered');
  expect(sent).toEqual(['a']);
});

test('a delivery that is skipped lets its lane go on and the position be safe, and says nothing of its endpoint', async () => {
  const queue = new Rig();
  queue.answer = ({ id }) => (id === 'b' ? { kind: 'skipped' } : OK);
  for (const id of ['a', 'b', 'c']) queue.offer(id, 1);
  await expect.poll(() => queue.attempts).toEqual(['a', 'b', 'c']);
  await expect.poll(() => queue.tracker.open).toBe(0);
  expect(queue.events).toContain('b skipped');
  expect(queue.delivered).toEqual(['a', 'c']);
});
