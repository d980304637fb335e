import { expect, test } from 'vitest';
import { type CpuProfile, type ProfileNode, stageTimes } from '../../bench/profile/stages.ts';

/** A profile in which each node, named `<function> <file>`, was seen once for a millisecond. */
function profileOf(names: readonly string[], children: Readonly<Record<number, readonly number[]>>): CpuProfile {
  const nodes = names.map((name, id): ProfileNode => {
    // V8's own, such as `(garbage collector)`, have no file.
    const [functionName = '', url = ''] = name.startsWith('(') ? [name] : name.split(' ');
    return { id, callFrame: { functionName, url, lineNumber: 0 }, children: children[id] ?? [] };
  });
  return { nodes, samples: nodes.map(({ id }) => id), timeDeltas: nodes.map(() => 1_000) };
}

test('time counts for the stage of the file that the function is in', () => {
  const { stages } = stageTimes(
    profileOf(
      ['(root)', 'decode file:///w/src/decode/pgoutput.ts', 'offer file:///w/src/queue/endpoint-queue.ts', 'sign file:///w/src/format/signature.ts', 'build file:///w/src/format/event-body.ts'],
      { 0: [1], 1: [2, 4], 2: [3] },
    ),
  );
  expect(Object.fromEntries(stages)).toEqual({ Node: 1_000, decode: 1_000, queue: 1_000, sign: 1_000, format: 1_000 });
});

test("what is Node's own counts for the stage that called it", () => {
  const { stages, functions } = stageTimes(
    profileOf(['(root)', 'hmac file:///w/src/format/signature.ts', 'hash node:internal/crypto/hash', 'oneShotDigest', 'read node:internal/stream_base_commons'], { 0: [1, 4], 1: [2], 2: [3] }),
  );
  expect(Object.fromEntries(stages)).toEqual({ sign: 3_000, Node: 2_000 });
  expect(functions).toEqual([['hmac format/signature.ts', 3_000], ['Node itself', 2_000]]);
});

test('the libraries count for the stage that they are there for', () => {
  const files = ['undici/lib/dispatcher/client-h1.js', 'pg-protocol/dist/parser.js', 'pg/lib/result.js', 'kysely/dist/query.js', '@marcbachmann/cel-js/lib/evaluator.js', 'pino/pino.js'];
  const { stages } = stageTimes(profileOf(files.map((file) => `f file:///w/node_modules/${file}`), { 0: [1, 2, 3, 4, 5] }));
  expect(Object.fromEntries(stages)).toEqual({ send: 1_000, read: 1_000, store: 2_000, route: 1_000, 'rest of walhook': 1_000 });
});

test('idle time is nobody’s, and garbage is collected on its own account', () => {
  const { stages } = stageTimes(profileOf(['(root)', '(idle)', '(garbage collector)'], { 0: [1, 2] }));
  expect(Object.fromEntries(stages)).toEqual({ Node: 1_000, 'garbage collection': 1_000 });
});
