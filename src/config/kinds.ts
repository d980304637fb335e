import * as z from 'zod';
import type { TextTemplate } from '../template.ts';
import { textTemplate } from './text-template.ts';
import { Mapping, type Path, Scalar, Sequence } from './tree.ts';

/**
 * The kinds of options that `schema.ts` is made of. Each takes a node of the file, or a plain value where a default
 * stands in for one, and refuses with a message that never holds the value: it may be a secret.
 */

export type Json = Record<string, unknown>;

/** What reading a value came to. */
export type Reading<T> = { readonly value: T } | Refusal;

export interface Refusal {
  readonly refused: string;
  /** What may be added if the value was not filled in, for it tells of it: ` (did you mean "POST"?)`. */
  readonly hint?: string;
  /** Where within the value. Default: the value as a whole. */
  readonly path?: Path;
}

/** A value as an option's reader sees it. */
export interface Given {
  /** undefined: not there; null: there, but empty. */
  readonly value: unknown;
  /** Filled in from a variable: text that may stand for a number or a boolean. */
  readonly filled: boolean;
}

/** How a kind looks in the JSON Schema. Keyed by a schema's definition, which the copies that `.meta()` makes share. */
const JSON_OF = new WeakMap<object, () => Json>();

/** Where everything is the same for every event. */
export const NO_EXPRESSION = 'an expression in ${{ }} cannot stand here';

/** Issues with this in their params have been reported already. */
const REPORTED = { reported: true };

/** A value that is one scalar. */
export function scalar<T>(read: (given: Given) => Reading<T>, json: () => Json) {
  return described(
    z.transform<unknown, T>((input, context) => {
      const node = input instanceof Scalar ? input : null;
      if (node?.origin.filled === 'failed') return give(context, [], '', REPORTED);
      if (node?.origin.template === true) return give(context, [], NO_EXPRESSION);
      const filled = node?.origin.filled === 'yes';
      const reading = read({ value: node === null ? input : node.value, filled });
      return 'value' in reading ? reading.value : refuse(context, reading, filled);
    }),
    json,
  );
}

/** Text with expressions in it. */
export function templated<T>(read: (template: TextTemplate) => Reading<T>, json: () => Json) {
  return described(
    z.transform<unknown, T>((input, context) => {
      if (isFailed(input)) return give(context, [], '', REPORTED);
      if (!(input instanceof Scalar) || typeof input.value !== 'string') return give(context, [], expected('text', input));
      const reading = read(textTemplate(input.origin.parts));
      return 'value' in reading ? reading.value : refuse(context, reading, input.origin.filled === 'yes');
    }),
    json,
  );
}

/** A value of any shape: `read` gets the node itself. */
export function shaped<T>(read: (node: unknown) => Reading<T>, json: () => Json) {
  return described(
    z.transform<unknown, T>((input, context) => {
      if (isReported(input)) return give(context, [], '', REPORTED);
      const reading = read(input);
      return 'value' in reading ? reading.value : refuse(context, reading, false);
    }),
    json,
  );
}

/** What `kind` takes, made into something else or refused as a whole. */
export function narrowed<A, B>(kind: z.ZodType<A>, read: (value: A) => Reading<B>) {
  const narrow = z.transform<A, B>((input, context) => {
    const reading = read(input);
    return 'value' in reading ? reading.value : give(context, [], reading.refused);
  });
  return described(z.pipe(kind, narrow), () => jsonOf(kind));
}

/** A mapping with these keys and no others. Nothing at all counts as an empty one. */
export function section<S extends z.ZodRawShape>(shape: S) {
  // The message of an unknown key is the list of the known ones: load.ts makes a finding of each.
  const object = z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined),
  });
  const entries = z.transform<unknown, unknown>((input, context) => {
    if (isFailed(input)) return give(context, [], '', REPORTED);
    if (isNothing(input)) return {};
    if (input instanceof Mapping) {
      // Without a prototype, so that a key named __proto__ is a key like any other.
      const own: Record<string, unknown> = { __proto__: null };
      for (const [key, entry] of input.entries) own[key] = entry.value;
      return own;
    }
    return isPlainObject(input) ? input : give(context, [], expected('a mapping', input));
  });
  return z.pipe(entries, object);
}

/** The same, where a lone scalar stands for a section that has this one key. */
export function sectionOr<S extends z.ZodRawShape>(key: string, shape: S) {
  const whole = section(shape);
  return described(
    z.transform<unknown, z.output<typeof whole>>((input, context) => {
      const lone = input instanceof Scalar && input.value !== null;
      const result = whole.safeParse(lone ? { [key]: input } : input);
      if (result.success) return result.data;
      for (const issue of result.error.issues) context.issues.push({ ...issue, path: lone ? [] : issue.path, input: undefined });
      return z.NEVER;
    }),
    () => {
      const json = jsonOf(whole);
      const { [key]: alone = {} } = json['properties'] as Record<string, Json>;
      return { anyOf: [alone, json] };
    },
  );
}

/** A section, or that there is to be none: null for nothing at all, which has to be said, and for `false`. */
export function sectionOrNone<S extends z.ZodRawShape>(shape: S) {
  const whole = section(shape);
  return described(
    z.transform<unknown, z.output<typeof whole> | null>((input, context) => {
      if (input === undefined) return give(context, [], 'required');
      if (isNothing(input) || (input instanceof Scalar && input.value === false)) return null;
      return parsed(whole, input, context);
    }),
    () => ({ anyOf: [jsonOf(whole), { enum: [null, false] }] }),
  );
}

/** What an option of several kinds needs of its keys, and what it does not know. */
export interface SectionKind {
  readonly required: readonly string[];
  readonly without: readonly string[];
}

/** A section of one of these kinds, as editors are told: who takes it looks which it is. */
export function sectionOfKinds<T>(whole: z.ZodType<T>, kinds: readonly SectionKind[]) {
  return described(
    z.transform<unknown, T>((input, context) => parsed(whole, input, context)),
    () => {
      const { required: _, ...json } = jsonOf(whole);
      const properties = Object.entries(json['properties'] as Record<string, Json>);
      return {
        anyOf: kinds.map(({ required, without }) => {
          const known = properties.filter(([name]) => !without.includes(name));
          // What has to be said has no default.
          return { ...json, type: 'object', properties: Object.fromEntries(known.map(([name, { default: standard, ...option }]) => [name, standard === undefined || required.includes(name) ? option : { default: standard, ...option }])), required };
        }),
      };
    },
  );
}

/** A section, or `true` for one with nothing in it, or `false` for none: null. */
export function sectionOrTrue<S extends z.ZodRawShape>(shape: S) {
  const whole = section(shape);
  return described(
    z.transform<unknown, z.output<typeof whole> | null>((input, context) => {
      const said = input instanceof Scalar && input.origin.filled !== 'failed' ? String(input.value) : '';
      const isFlag = input instanceof Scalar && (typeof input.value === 'boolean' || (input.origin.filled === 'yes' && /^(?:true|false)$/.test(said)));
      if (isFlag && said === 'false') return null;
      return parsed(whole, isFlag ? {} : input, context);
    }),
    () => ({ anyOf: [jsonOf(whole), { type: 'boolean' }, { $ref: '#/$defs/variable' }] }),
  );
}

/** A mapping from names of the user's own to values of one kind; a Map, so that every name is safe. */
export function mapOf<T>(item: z.ZodType<T>, key: (name: string) => string | null) {
  return described(
    z.transform<unknown, ReadonlyMap<string, T>>((input, context) => {
      const read = new Map<string, T>();
      if (isFailed(input)) return give(context, [], '', REPORTED);
      if (isNothing(input) || isPlainObject(input)) return read;
      if (!(input instanceof Mapping)) return give(context, [], expected('a mapping', input));
      for (const [name, entry] of input.entries) {
        const refused = key(name);
        if (refused !== null) give(context, [name], refused, { key: true });
        collect(item, entry.value, { context, at: [name], add: (value) => read.set(name, value) });
      }
      return read;
    }),
    () => ({ type: ['object', 'null'], additionalProperties: jsonOf(item) }),
  );
}

export interface ListRules {
  /** Least number of items. Default: 0. */
  readonly min?: number;
  /** A lone scalar stands for a list of one. */
  readonly orOne?: boolean;
  /** Nothing at all counts as an empty list. */
  readonly orNothing?: boolean;
}

/** A list of one kind; scalars in it must differ. Items that are null once read, as a variable may leave them, are skipped. */
export function listOf<T>(item: z.ZodType<T>, rules: ListRules = {}) {
  const list = (): Json => ({ type: rules.orNothing === true ? ['array', 'null'] : 'array', items: jsonOf(item), ...(rules.min === undefined ? {} : { minItems: rules.min }) });
  return described(
    z.transform<unknown, readonly NonNullable<T>[]>((input, context) => {
      const read: NonNullable<T>[] = [];
      if (isFailed(input)) return give(context, [], '', REPORTED);
      if (rules.orNothing === true && isNothing(input)) return read;
      const lone = rules.orOne === true && input instanceof Scalar && input.value !== null;
      const items = lone ? [input] : itemsOf(input);
      if (items === null) return give(context, [], expected(rules.orOne === true ? 'a name or a list of names' : 'a list', input));
      for (const [index, node] of items.entries()) {
        collect(item, node, {
          context,
          at: lone ? [] : [index],
          add: (value) => {
            if (value === null || value === undefined) return;
            if (read.includes(value)) give(context, [index], 'the same stands in this list before');
            else read.push(value);
          },
        });
      }
      const few = read.length < (rules.min ?? 0) && context.issues.length === 0;
      if (few) give(context, [], items.length > 0 ? 'every item is empty once its variables are filled in' : 'the list is empty');
      return read;
    }),
    () => (rules.orOne === true ? { anyOf: [jsonOf(item), list()] } : list()),
  );
}

/** The JSON Schema of an option: draft 2020-12, of what the file may say rather than of what becomes of it. */
export function jsonOf(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodType) Object.assign(jsonSchema, JSON_OF.get(zodSchema.def)?.());
      if (zodSchema instanceof z.ZodObject) Object.assign(jsonSchema, requirements(zodSchema));
    },
  });
  return json;
}

/** `expected a list, found text`. */
export function expected(what: string, value: unknown): string {
  if (value === undefined) return 'required';
  const found = foundKind(value instanceof Scalar ? value.value : value);
  const quotes = what === 'text' && (found === 'a number' || found === 'a boolean') ? ': put it in quotes' : '';
  return `expected ${what}, found ${found}${quotes}`;
}

function foundKind(value: unknown): string {
  if (value === null) return 'nothing';
  if (value instanceof Sequence) return 'a list';
  if (typeof value === 'string') return 'text';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

function itemsOf(input: unknown): readonly unknown[] | null {
  if (input instanceof Sequence) return input.items;
  return Array.isArray(input) ? (input as unknown[]) : null;
}

function requirements(schema: z.ZodObject): Json {
  const required = Object.entries(schema.shape)
    .filter(([, option]) => !(option instanceof z.ZodPrefault || option instanceof z.ZodOptional))
    .map(([name]) => name);
  return required.length > 0 ? { required } : { type: ['object', 'null'] };
}

function described<S extends z.ZodType>(schema: S, json: () => Json): S {
  JSON_OF.set(schema.def, json);
  return schema;
}

interface Into<T> {
  readonly context: z.core.ParsePayload;
  /** Where the item is within the option. */
  readonly at: Path;
  readonly add: (value: T) => void;
}

function collect<T>(item: z.ZodType<T>, node: unknown, { context, at, add }: Into<T>): void {
  const result = item.safeParse(node);
  if (result.success) add(result.data);
  else for (const issue of result.error.issues) context.issues.push({ ...issue, path: [...at, ...issue.path], input: undefined });
}

/** What `whole` makes of it; its issues are those of the option. */
function parsed<T>(whole: z.ZodType<T>, input: unknown, context: z.core.ParsePayload): T {
  const result = whole.safeParse(input);
  if (result.success) return result.data;
  for (const issue of result.error.issues) context.issues.push({ ...issue, input: undefined });
  return z.NEVER;
}

function give(context: z.core.ParsePayload, path: Path, message: string, params: Json = {}): never {
  context.issues.push({ code: 'custom', message, path: [...path], params, input: undefined });
  // What zod gives to say "there are issues": nobody sees the value.
  return z.NEVER;
}

function refuse(context: z.core.ParsePayload, { refused, hint = '', path = [] }: Refusal, filled: boolean): never {
  return give(context, path, filled ? `${refused} (once its variables are filled in)` : `${refused}${hint}`);
}

function isNothing(input: unknown): boolean {
  return input === null || (input instanceof Scalar && input.value === null && input.origin.filled === 'no');
}

function isFailed(input: unknown): boolean {
  return input instanceof Scalar && input.origin.filled === 'failed';
}

/** The same anywhere within. */
function isReported(input: unknown): boolean {
  if (input instanceof Sequence) return input.items.some(isReported);
  if (input instanceof Mapping) return [...input.entries.values()].some((entry) => isReported(entry.value));
  return isFailed(input);
}

function isPlainObject(input: unknown): boolean {
  return typeof input === 'object' && input !== null && (input.constructor === Object || input instanceof Map);
}
