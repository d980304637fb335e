import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Format, VisibilityConfig } from '../../src/config.ts';
import { ActivationBuilder } from '../../src/expression/activation.ts';
import { type Before, deletion, insert, type TableShape, TYPE, UNCHANGED_TOAST, update, type Value } from '../support/pgoutput.ts';
import { builtinCodecs, readEvents, tell, type TellOptions } from '../support/table.ts';

const OID = 1;
/** Fields, then what says which of them may be seen. */
const FIELDS = ['id', 'email', 'phone', 'country', 'note'] as const;
const FLAGS = ['id_flag', 'email_flag', 'phone_flag', 'country_flag'] as const;
const COLUMNS = [...FIELDS, ...FLAGS, 'privacy'];

type Visible = 'yes' | 'no' | 'null' | 'unknown';

/** How a row says which of its fields may be seen. */
interface Row {
  readonly values: readonly ('text' | 'null' | 'toast')[];
  readonly flags: readonly Visible[];
  readonly privacyKnown: boolean;
}

interface Case {
  readonly visibility: 'columns' | 'json';
  readonly kind: 'insert' | 'update' | 'delete';
  readonly before: 'none' | 'key' | 'whole';
  readonly identity: readonly string[];
  readonly now: Row;
  readonly old: Row;
  readonly format: Format;
  readonly options: Pick<TellOptions, 'hook' | 'primaryKey'> & { readonly lookup: readonly string[] };
}

const row: fc.Arbitrary<Row> = fc.record({
  values: fc.array(fc.constantFrom('text', 'text', 'text', 'null', 'toast'), { minLength: FIELDS.length, maxLength: FIELDS.length }),
  flags: fc.array(fc.constantFrom<Visible>('yes', 'no', 'null', 'unknown'), { minLength: FLAGS.length, maxLength: FLAGS.length }),
  privacyKnown: fc.boolean(),
});
const names = fc.subarray([...FIELDS]);
const drawn: fc.Arbitrary<Case> = fc.record({
  visibility: fc.constantFrom('columns', 'json'),
  kind: fc.constantFrom('insert', 'update', 'update', 'delete'),
  before: fc.constantFrom('none', 'key', 'whole', 'whole'),
  identity: names,
  now: row,
  old: row,
  format: fc.constantFrom<Format>('event', 'standard', 'cloudevents', 'cloudevents-binary', 'debezium'),
  options: fc.record({
    lookup: names,
    primaryKey: fc.subarray([...FIELDS], { minLength: 1 }),
    hook: fc.record({
      fields: fc.record({
        only: fc.oneof(fc.constant(null), names),
        omit: names,
        rename: names.map((list) => new Map<string, string>(list.map((name) => [name, `new_${name}`]))),
        omit_null: fc.boolean(),
      }),
      meta: fc.constantFrom([], ['changed', 'table'] as const),
    }),
  }),
});

/** The row's texts: a field's tells which it is and of which row. */
function texts(which: 'now' | 'old', { values, flags, privacyKnown }: Row): Value[] {
  const privacy = Object.fromEntries(
    flags.flatMap((visible, i) => (visible === 'unknown' ? [] : [[FIELDS[i], { yes: true, no: false, null: null }[visible]]])),
  );
  return [
    ...values.map((kind, i) => ({ text: secret(which, FIELDS[i] ?? ''), null: null, toast: UNCHANGED_TOAST })[kind] as Value),
    ...flags.map((visible) => ({ yes: 't', no: 'f', null: null, unknown: UNCHANGED_TOAST })[visible] as Value),
    privacyKnown ? JSON.stringify(privacy) : UNCHANGED_TOAST,
  ];
}

function secret(which: 'now' | 'old', field: string): string {
  return `${which}-${field}-text`;
}

/** Whether a field is known to be visible in a row; `fallback`: the row before, if the WAL has it whole. */
function isVisible(drawnCase: Case, field: string, of: Row, fallback: Row | null): boolean {
  const i = FIELDS.indexOf(field as (typeof FIELDS)[number]);
  if (drawnCase.visibility === 'columns') {
    if (i >= FLAGS.length) return true;
    const flag = of.flags[i] === 'unknown' ? (fallback?.flags[i] ?? 'unknown') : of.flags[i];
    return flag === 'yes';
  }
  const known = of.privacyKnown ? of : fallback;
  if (known === null || !known.privacyKnown) return false;
  const flag = known.flags[i];
  return flag === undefined || flag === 'yes' || flag === 'unknown';
}

/** The secrets that nothing may tell. */
function secrets(drawnCase: Case): string[] {
  const { kind, before, now, old, identity, options } = drawnCase;
  const wholeOld = before === 'whole' ? old : null;
  return FIELDS.flatMap((field) => {
    // What the old key itself says of visibility: nothing, in a json column it may be part of, or in flags that are not.
    const visibleBefore = wholeOld !== null && isVisible(drawnCase, field, wholeOld, null);
    const neverHidden = drawnCase.visibility === 'columns' && field === 'note';
    const isKey = options.primaryKey?.includes(field) === true;
    // A receiver must find its record: where nothing is known of visibility by json, the key is shown.
    const privacyKnown = kind === 'delete' ? (wholeOld?.privacyKnown ?? false) : now.privacyKnown || (kind === 'update' && (wholeOld?.privacyKnown ?? false));
    const isShownKey = isKey && drawnCase.visibility === 'json' && !privacyKnown;
    if (kind === 'delete') {
      const shown = neverHidden || isShownKey || visibleBefore;
      return shown ? [] : [secret('old', field)];
    }
    const shownNow = neverHidden || isShownKey || isVisible(drawnCase, field, now, kind === 'update' ? wholeOld : null);
    const hiddenNow = shownNow ? [] : [secret('now', field), secret('old', field)];
    // An unchanged value that is visible now may come from the old row.
    const isSame = now.values[FIELDS.indexOf(field)] === 'toast' && shownNow && (before === 'whole' || identity.includes(field));
    return visibleBefore || neverHidden || isSame ? hiddenNow : [...hiddenNow, secret('old', field)];
  });
}

function changeOf({ kind, before, now, old, identity }: Case): Buffer {
  const whole = texts('old', old);
  const keyOnly = whole.map((value, i) => (identity.includes(COLUMNS[i] ?? '') ? value : null));
  const told: Before = before === 'whole' ? { old: whole } : { key: keyOnly };
  if (kind === 'insert') return insert(OID, texts('now', now));
  if (kind === 'delete') return deletion(OID, told);
  return before === 'none' ? update(OID, texts('now', now)) : update(OID, texts('now', now), told);
}

function optionsOf({ visibility, before, identity, format, options }: Case): TellOptions {
  const config: VisibilityConfig =
    visibility === 'json' ? { kind: 'json', column: 'privacy' } : { kind: 'columns', flags: new Map(FLAGS.map((flag, i) => [FIELDS[i] ?? '', flag])) };
  const shape: TableShape = {
    oid: OID,
    schema: 'public',
    table: 't',
    replicaIdentity: before === 'whole' ? 'f' : 'i',
    columns: COLUMNS.map((name) => ({
      name,
      type: name === 'privacy' ? TYPE.jsonb : name.endsWith('_flag') ? TYPE.bool : TYPE.text,
      identity: before === 'whole' || identity.includes(name),
    })),
  };
  return { ...options, hook: { ...options.hook, format }, shape, table: { visibility: config, lookup: options.lookup } };
}

test('whatever the config and the format, a hidden value is nowhere in a body or its headers', () => {
  fc.assert(
    fc.property(drawn, (each) => {
      for (const { text, headers } of tell(optionsOf(each), changeOf(each))) {
        for (const hidden of secrets(each)) expect(text + headers.flat().join()).not.toContain(hidden);
      }
    }),
    { numRuns: 6000 },
  );
});

test('whatever the config, a hidden value is in no variable of an expression', () => {
  const fields = COLUMNS.map((name, column) => ({ name, column, value: builtinCodecs.value(name === 'privacy' ? TYPE.jsonb : TYPE.text) }));
  const builder = new ActivationBuilder({ row: [...FIELDS], old: [...FIELDS], usesOld: true, changed: true, event: true }, fields);
  fc.assert(
    fc.property(drawn, (each) => {
      readEvents(
        optionsOf(each),
        (event) => {
          const variables = JSON.stringify([builder.build(event, 'id'), builder.buildBefore(event, 'id')], (_key, value: unknown) =>
            typeof value === 'bigint' ? value.toString() : value,
          );
          // What was visible before may be compared with, though it is hidden now: an expression is not sent.
          const mayCompare = new Set(FIELDS.filter((field) => each.before === 'whole' && each.kind === 'update' && isVisible(each, field, each.old, null)).map((field) => secret('old', field)));
          for (const hidden of secrets(each)) if (!mayCompare.has(hidden)) expect(variables).not.toContain(hidden);
        },
        [changeOf(each)],
      );
    }),
    { numRuns: 3000 },
  );
});
