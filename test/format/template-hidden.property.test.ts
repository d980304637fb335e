import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deletion, insert, type TableShape, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { render, type RenderOptions, template, text } from './rendering.ts';

const FIELDS = ['a', 'b', 'c'] as const;
const FLAGS = new Map(FIELDS.map((name) => [name, `${name}_flag`]));

/** Every way that a template has to a column, one after the other. */
const EXPRESSIONS = ['row', 'old', 'changed', 'event.lookup_values', 'event.redacted', 'changed.map(name, changed[name])'].concat(
  FIELDS.flatMap((name) => ['row', 'old', 'changed'].flatMap((variable) => {
    const value = `${variable}.${name}`;
    return [value, `${value} + ''`, `[${value}]`, `{'x': ${value}}`, `json({'x': ${value}})`, `default(${value}, 'none')`, `${value} == null ? 'none' : ${value}`, `upper(lower(${value}))`, `join([${value}, row.id], ',')`, `base64(${value})`, `sha256(${value})`, `[1].map(n, ${value})`];
  })),
);

interface Drawn {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly before: 'whole' | 'key';
  readonly shown: readonly boolean[];
  readonly shownBefore: readonly boolean[];
  readonly same: readonly boolean[];
  readonly toast: boolean;
  readonly picks: readonly number[];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  kind: fc.constantFrom('insert', 'update', 'delete'),
  before: fc.constantFrom('whole', 'key'),
  shown: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  shownBefore: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  same: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  toast: fc.boolean(),
  picks: fc.array(fc.nat(EXPRESSIONS.length - 1), { minLength: 1, maxLength: 4 }),
});

const secret = (when: string, name: string): string => `${when}-secret-${name}`;
const base64 = (value: string): string => Buffer.from(value).toString('base64');

test('whatever a template asks for, no hidden value is in a request or in the reason why there is none', () => {
  fc.assert(
    fc.property(drawn, (each) => {
      const identity = each.before === 'whole' ? 'f' : 'd';
      const shape: TableShape = {
        oid: 7, schema: 'public', table: 't', replicaIdentity: identity,
        columns: [
          { name: 'id', type: TYPE.int8, identity: true },
          ...FIELDS.map((name) => ({ name, identity: identity === 'f' })),
          ...FIELDS.map((name) => ({ name: `${name}_flag`, type: TYPE.bool, identity: identity === 'f' })),
        ],
      };
      const values = (when: string, shown: readonly boolean[]): Value[] => ['1', ...FIELDS.map((name, i) => secret(when === 'new' || each.same[i] === true ? 'new' : 'old', name)), ...shown.map((flag) => (flag ? 't' : 'f'))];
      const row = values('new', each.shown).map((value, i) => (i === 1 && each.toast && each.kind === 'update' && each.same[0] === true ? UNCHANGED_TOAST : value));
      const old = values('old', each.shownBefore);
      const key = old.map((value, i) => (i === 0 ? value : null));
      const change =
        each.kind === 'insert' ? insert(7, values('new', each.shown))
        : each.kind === 'delete' ? deletion(7, each.before === 'whole' ? { old } : { key })
        : update(7, row, each.before === 'whole' ? { old } : undefined);
      const picked = each.picks.map((pick) => EXPRESSIONS[pick] ?? '');
      const options: RenderOptions = {
        shape, primaryKey: ['id'],
        table: { visibility: { kind: 'columns', flags: FLAGS }, lookup: [...FIELDS] },
        hook: {
          body: template(picked.map((source) => `\${{ ${source} }}`)),
          headers: new Map([['x-one', text(picked.map((source) => `\${{ ${source} }}`).join(' '))]]),
          path: text(`/x/\${{ ${picked[0]} }}?q=\${{ ${picked[0]} }}`),
        },
      };
      // Of a delete the old row is the row; else what is hidden now is hidden in both rows, and what was hidden before in that one.
      const hidden = FIELDS.flatMap((name, i) => {
        if (each.kind === 'delete') return each.shownBefore[i] === true ? [] : [secret('old', name), secret('new', name)];
        if (each.shown[i] !== true) return [secret('new', name), secret('old', name)];
        return each.kind === 'update' && each.shownBefore[i] !== true && each.same[i] !== true ? [secret('old', name)] : [];
      });
      for (const made of render(options, change)) {
        const told = JSON.stringify(made);
        for (const value of hidden) {
          expect(told).not.toContain(value);
          expect(told).not.toContain(value.toUpperCase());
          expect(told).not.toContain(base64(value));
        }
        if ('message' in made) expect(told).not.toContain('-secret-');
      }
    }),
    { numRuns: 400 },
  );
}, 30_000);
