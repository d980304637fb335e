import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** Loaded with the first pattern: few configurations have one, and it takes megabytes. */
const load = createRequire(import.meta.url);
let engine: typeof RE2JS | null = null;

/** Patterns come from config, or from a column: those that were used lately are kept compiled. */
const MOST_PATTERNS = 1_000;
const patterns = new Map<string, RE2JS>();

/** A pattern that is none. Its message tells of the pattern alone. */
export class PatternError extends Error {
  readonly code = 'invalid_regular_expression';
  /** Where in the expression, as cel-js's own errors have it. */
  range: { readonly start: number } | undefined;
}

/**
 * CEL's `matches`: whether RE2's pattern is found in the text. RE2 takes time in proportion to the text, whatever the
 * pattern: with JavaScript's own engine a value of a row could hold up everything.
 * https://github.com/google/re2/wiki/Syntax
 */
export function isMatch(text: string, pattern: string): boolean {
  return compilePattern(pattern).matcher(text).find();
}

/** Throws a PatternError. */
export function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  engine ??= (load('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
  let made: RE2JS;
  try {
    made = engine.compile(pattern);
  } catch {
    throw new PatternError('no regular expression of RE2, which has no lookaround and no backreferences: https://github.com/google/re2/wiki/Syntax');
  }
  if (patterns.size >= MOST_PATTERNS) patterns.clear();
  patterns.set(pattern, made);
  return made;
}
