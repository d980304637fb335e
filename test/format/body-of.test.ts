import { expect, test } from 'vitest';
import type { Format } from '../../src/config.ts';
import { bodyShape } from '../../src/format/body-of.ts';
import { insert, type TableShape } from '../support/pgoutput.ts';
import { hookConfig, tell } from '../support/table.ts';

const FORMATS: readonly Format[] = ['event', 'standard', 'cloudevents', 'cloudevents-binary', 'debezium'];
const SHAPE: TableShape = { oid: 1, schema: 'public', table: 'profiles', replicaIdentity: 'd', columns: [{ name: 'user_id', identity: true }] };

test('each format has bodies of its own, but binary CloudEvents have those of events', () => {
  const texts = FORMATS.map((format) => tell({ shape: SHAPE, hook: { format } }, insert(1, ['7']))[0]?.text);
  expect(texts[3]).toBe(texts[0]);
  expect(new Set(texts).size).toBe(FORMATS.length - 1);
  for (const text of texts) expect(text).toContain('"user_id":"7"');
});

test('hooks share their bodies only if they agree on all that makes them', () => {
  const shapes = [
    {},
    ...FORMATS.slice(1).map((format) => ({ format })),
    { fields: { only: ['a'] } },
    { fields: { omit: ['a'] } },
    { fields: { rename: new Map([['a', 'b']]) } },
    { fields: { set: new Map([['a', '1']]) } },
    { fields: { omit_null: true } },
    { meta: ['table'] as const },
    { meta: ['id'] as const },
    { large_numbers: 'string' as const },
  ].map((changes) => bodyShape(hookConfig(SHAPE, changes)));
  expect(new Set(shapes).size).toBe(shapes.length);
  expect(bodyShape(hookConfig(SHAPE, { name: 'other', to: ['b'], when: 'true' }))).toBe(shapes[0]);
});
