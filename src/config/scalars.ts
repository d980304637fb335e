import { didYouMean } from '../closest.ts';
import { expected, type Given, type Json, type Reading, scalar } from './kinds.ts';
import { DURATION_PATTERN, parseDuration, parseRate, parseSize, RATE_PATTERN, SIZE_PATTERN } from './units.ts';

/** What the file may say instead of any scalar: text with a variable in it. The schema's `$defs` has it. */
export const VARIABLE: Json = { $ref: '#/$defs/variable' };

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A whole number within bounds. */
export function integer(bounds: Bounds) {
  return scalar(
    (given) => {
      const read = numberOf(given);
      if (read === null) return { refused: expected('a whole number', given.value) };
      if (!Number.isSafeInteger(read)) return { refused: 'expected a whole number' };
      return within(read, bounds);
    },
    () => ({ anyOf: [{ type: 'integer', minimum: bounds.min, maximum: bounds.max }, VARIABLE] }),
  );
}

/** A number within bounds. */
export function number(bounds: Bounds) {
  return scalar(
    (given) => {
      const read = numberOf(given);
      return read === null ? { refused: expected('a number', given.value) } : within(read, bounds);
    },
    () => ({ anyOf: [{ type: 'number', minimum: bounds.min, maximum: bounds.max }, VARIABLE] }),
  );
}

/** The number 1. */
export function version() {
  return scalar<1>(
    ({ value }) => {
      if (value === 1) return { value };
      return { refused: value === undefined ? 'required: the first line is `version: 1`' : 'this walhook reads version 1 of the file' };
    },
    () => ({ const: 1 }),
  );
}

/** `true` or `false`. */
export function flag() {
  return scalar(
    ({ value, filled }) => {
      if (typeof value === 'boolean') return { value };
      if (filled && (value === 'true' || value === 'false')) return { value: value === 'true' };
      return { refused: expected('true or false', value) };
    },
    () => ({ anyOf: [{ type: 'boolean' }, VARIABLE] }),
  );
}

/** `10s` → milliseconds. */
export function duration(min: string, max: string) {
  return unit({
    parse: parseDuration,
    pattern: DURATION_PATTERN,
    title: 'duration',
    what: 'a duration such as 500ms, 10s, 1h30m or 2d',
    min,
    max,
  });
}

/** `64MiB` → bytes. */
export function size(min: string, max: string) {
  return unit({ parse: parseSize, pattern: SIZE_PATTERN, title: 'size', what: 'a size such as 512KiB, 10MB or 64MiB', min, max });
}

/** `50/s` → times a second. */
export function rate(min: string, max: string) {
  return unit({ parse: parseRate, pattern: RATE_PATTERN, title: 'rate', what: 'a rate such as 50/s, 100/m or 1000/h', min, max });
}

/** One of some words. `later` are words of the contract that this version does not know yet. */
export function choice<const T extends string>(words: readonly T[], later: readonly string[] = []) {
  const list = words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return scalar<T>(
    ({ value, filled }) => {
      const word = words.find((one) => one === value);
      if (word !== undefined) return { value: word };
      if (typeof value !== 'string') return { refused: expected(list ?? "", value) };
      if (later.includes(value) && !filled) return { refused: `${value} is not supported yet by walhook 0.1: ${list} is` };
      return { refused: `expected ${list}${filled ? '' : didYouMean(value, words)}` };
    },
    () => ({ anyOf: [{ enum: words }, VARIABLE] }),
  );
}

/** Text that `read` accepts; `json` tells editors as much of that as a JSON Schema can. */
export function textOf<T>(read: (text: string) => Reading<T>, json: Json = {}) {
  return scalar(
    ({ value }) => (typeof value === 'string' ? read(value) : { refused: expected('text', value) }),
    () => textJson(json),
  );
}

/** The same, where text that a variable leaves empty (`${TOKEN:-}`) stands for nothing: null. */
export function textOrEmpty<T>(read: (text: string) => Reading<T>, json: Json = {}) {
  return scalar<T | null>(
    ({ value, filled }) => {
      if (filled && value === '') return { value: null };
      return typeof value === 'string' ? read(value) : { refused: expected('text', value) };
    },
    () => textJson(json),
  );
}

function textJson(json: Json): Json {
  return Object.keys(json).length === 0 ? { type: 'string' } : { anyOf: [{ type: 'string', ...json }, VARIABLE] };
}

interface Unit {
  readonly parse: (text: string) => number | null;
  readonly pattern: string;
  /** What the kind is called in editors and in the reference. */
  readonly title: string;
  readonly what: string;
  readonly min: string;
  readonly max: string;
}

function unit({ parse, pattern, title, what, min, max }: Unit) {
  return scalar(
    ({ value }) => {
      if (typeof value === 'number') return { refused: `expected ${what}: the unit is missing` };
      if (typeof value !== 'string') return { refused: expected(what, value) };
      const read = parse(value);
      if (read === null) return { refused: `expected ${what}` };
      const inBounds = read >= (parse(min) ?? 0) && read <= (parse(max) ?? 0);
      return inBounds ? { value: read } : { refused: `must be from ${min} to ${max}` };
    },
    () => ({ anyOf: [{ title: `${title}, ${min} to ${max}`, type: 'string', pattern }, VARIABLE] }),
  );
}

function numberOf({ value, filled }: Given): number | null {
  if (typeof value === 'number') return value;
  const numeric = filled && typeof value === 'string' && /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(value);
  return numeric ? Number(value) : null;
}

function within(value: number, { min, max }: Bounds): Reading<number> {
  return value >= min && value <= max ? { value } : { refused: `must be from ${min} to ${max}` };
}
