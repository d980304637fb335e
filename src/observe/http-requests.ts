import * as z from 'zod';
import { DURATION_PATTERN, parseDuration } from '../duration.ts';
import { MOST_IDS } from '../operations.ts';

// Postgres has no text with NUL in it.
export const Text = z.string().regex(/^[^\0]*$/, 'must not hold U+0000');
/** Of an endpoint, hook, table or delivery. */
export const Name = Text.min(1).max(200);
export const Moment = z.iso.datetime({ offset: true });
export const Nothing = z.strictObject({});

// A log line and a table's cell, so one line.
export const Reason = z.string().trim().min(1).max(500).regex(/^\P{Cc}*$/u, 'must be one line');

export const OfName = z.strictObject({ name: Text.min(1).max(500) });
export const OfId = z.strictObject({ id: Text.min(1).max(500) });

/** A row's key: the text of each column. */
export const Key = z
  .record(Name, Text.max(10_000))
  .refine((key) => Object.keys(key).length > 0, 'must name a column')
  .refine((key) => Object.keys(key).length <= 32, 'must name at most 32 columns');

/** What a list and a bulk action are narrowed down by. */
export const NARROWING = {
  endpoint: Name.optional(),
  hook: Name.optional(),
  table: Name.optional(),
  since: Moment.optional().meta({ description: 'Parked, dead or delivered at or after this moment.' }),
  before: Moment.optional().meta({ description: 'Parked, dead or delivered before this moment.' }),
  key: Key.optional(),
};

export const Ids = z.array(Name).min(1).max(MOST_IDS);

/** A key is of a table: without one it says nothing. */
export function withTable<T extends z.ZodObject>(schema: T): T {
  return schema.refine((given) => given['key'] === undefined || given['table'] !== undefined, { path: ['key'], message: 'needs table' });
}

/** `24h`, as the file has it; gives milliseconds. */
export function duration(least: string, most: string) {
  const inBounds = (text: string): boolean => {
    const ms = parseDuration(text);
    return ms === null || (ms >= (parseDuration(least) ?? 0) && ms <= (parseDuration(most) ?? 0));
  };
  return z
    .string()
    .max(100)
    .regex(new RegExp(DURATION_PATTERN), 'must be a duration such as 30m, 24h or 7d')
    .refine(inBounds, `must be from ${least} to ${most}`)
    .transform((text) => parseDuration(text) ?? 0);
}
