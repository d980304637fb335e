import { expect, test } from 'vitest';
import { type Delivery, DRAFT } from '../../src/delivery.ts';
import type { Ending, Outcome } from '../../src/outcome.ts';
import { batchAttempt } from '../../src/queue/batch-attempt.ts';
import type { Attempt, BatchWatch, Rendered } from '../../src/queue/port.ts';
import { deliveryOf } from '../deliver/endpoint.ts';
import { failed, OK } from './rig.ts';

const SKIPPED: Ending = { kind: 'skipped' };

/** What a batch's watch is told, in order, and what is sent: ids in one text, with their path. */
interface Told {
  readonly lines: string[];
  /** Answers the request. */
  answer: (outcome: Outcome) => void;
}

interface Play {
  /** Before it is sent. Default: what is ready is sent. */
  readonly prepare?: (send: Attempt) => Attempt;
  readonly rendered?: (index: number, made: Rendered) => boolean;
}

function play(batch: readonly Delivery[], { prepare = (send) => send, rendered = () => true }: Play = {}): Told {
  const lines: string[] = [];
  const told: Told = { lines, answer: () => undefined };
  const watch: BatchWatch = {
    ended: (index, ending) => lines.push(`${index} ${ending.kind}`),
    left: (indexes) => lines.push(`left ${indexes.join()}`),
    answered: (indexes, outcome) => lines.push(`answered ${indexes.join()}: ${outcome.kind}`),
    rendered: (index, made) => {
      lines.push(`rendered ${index}: ${made.request.path}`);
      return rendered(index, made);
    },
    over: () => lines.push('over'),
  };
  batchAttempt({
    bytes: 1000,
    prepare,
    join: ([first, ...others]) => ({ ...first, id: [first, ...others].map(({ id }) => id).join(' ') }),
    send: ({ id, request }, done) => {
      lines.push(`sent ${id} to ${request.path}`);
      told.answer = done;
    },
  })(batch, watch);
  return told;
}

const plain = (id: string, path = '/'): Delivery => deliveryOf(id, '{}', { path });
const draft = (id: string): Delivery => deliveryOf(id, '{}', { path: null, contentType: DRAFT });
const cooling = (id: string): Delivery => ({ ...plain(id), row: 'row' });

/** Makes of a draft what a function of its id says: an ending, or the path that it goes to. What is none is sent. */
function making(make: (id: string) => Ending | string): (send: Attempt) => Attempt {
  return (send) => (delivery, done, rendered) => {
    queueMicrotask(() => {
      const made = make(delivery.id);
      if (typeof made !== 'string') return done(made);
      if (delivery.request.contentType !== DRAFT) return send(delivery, done, rendered);
      const becomes = { request: { ...delivery.request, path: made, contentType: 'application/json' }, body: '{}' };
      if (rendered(becomes)) send({ ...delivery, ...becomes }, done, rendered);
    });
  };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('what is ready goes in one request, at once, and is answered for together', () => {
  const { lines, answer } = play([plain('a'), plain('b'), plain('c')], { prepare: () => () => expect.unreachable() });
  expect(lines).toEqual(['sent a b c to /']);
  answer(OK);
});

test('an answer is told once, then it is over', () => {
  const told = play([plain('a'), plain('b')]);
  told.answer(failed(400));
  expect(told.lines).toEqual(['sent a b to /', 'answered 0,1: failed', 'over']);
});

test('drafts, and what has a cooldown, are made ready first; what is left out or fails then is told of by itself', async () => {
  const batch = [plain('a'), cooling('skipped'), draft('b'), draft('fails'), cooling('c')];
  const told = play(batch, { prepare: making((id) => (id === 'skipped' ? SKIPPED : id === 'fails' ? { ...failed(0), failure: 'enrich', status: null } : '/')) });
  expect(told.lines).toEqual([]);
  await settled();
  expect(told.lines).toEqual(['1 skipped', 'rendered 2: /', '3 failed', 'sent a b c to /']);
  told.answer(OK);
  expect(told.lines.slice(4)).toEqual(['answered 0,2,4: delivered', 'over']);
});

test('where none is to be sent it is over at once', async () => {
  const told = play([cooling('a'), cooling('b')], { prepare: making(() => SKIPPED) });
  await settled();
  expect(told.lines).toEqual(['0 skipped', '1 skipped', 'over']);
});

test('what becomes another request than the first is left, and the rest goes in one', async () => {
  const told = play(['a', 'b', 'c', 'd', 'e'].map(draft), { prepare: making((id) => (id === 'a' ? SKIPPED : id === 'b' || id === 'e' ? '/b' : `/${id}`)) });
  await settled();
  expect(told.lines.slice(-2)).toEqual(['sent b e to /b', 'left 2,3']);
  told.answer(failed(503));
  expect(told.lines.slice(-2)).toEqual(['answered 1,4: failed', 'over']);
});

test('what becomes a query has no company, not even of its like', async () => {
  const asQuery = (send: Attempt): Attempt => (delivery, done, rendered) => send({ ...delivery, request: { ...delivery.request, method: 'GET', path: '/', contentType: null } }, done, rendered);
  const told = play([draft('a'), draft('b')], { prepare: asQuery });
  expect(told.lines).toEqual(['sent a to /', 'left 1']);
});

test('nothing goes out once one of them must not', async () => {
  const told = play([draft('a'), draft('b')], { prepare: making(() => '/'), rendered: () => false });
  await settled();
  expect(told.lines).toEqual(['rendered 0: /', 'rendered 1: /']);
});

test('what has become too large to go with the first is left', async () => {
  const found = (send: Attempt): Attempt => (delivery, done, rendered) => send({ ...delivery, request: { ...delivery.request, path: '/', contentType: 'application/json' }, body: `"${'x'.repeat(598)}"` }, done, rendered);
  const told = play([draft('a'), draft('b'), draft('c')], { prepare: found });
  expect(told.lines).toEqual(['sent a to /', 'left 1,2']);
});
