import { EXIT, WalhookError } from '../errors.ts';
import type { Selection } from '../operations.ts';
import type { OptionValues } from './command.ts';
import { parseMoment } from './moment.ts';

type Narrowing = Pick<Selection, 'endpoint' | 'hook' | 'table' | 'since' | 'before' | 'key'>;

/** The part of a selection that --endpoint, --hook, --table, --key, --since and --before make. @param now Unix milliseconds */
export function narrowing({ endpoint, hook, table, key, since, before }: OptionValues, now = Date.now()): Narrowing {
  if (table !== undefined && table.length > 1) throw usage('--table may be given once');
  const [one] = table ?? [];
  if (key !== undefined && one === undefined) throw usage('--key goes with --table');
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(hook === undefined ? {} : { hook }),
    ...(one === undefined ? {} : { table: one }),
    ...(key === undefined ? {} : { key: keyOf(key) }),
    ...(since === undefined ? {} : { since: momentOf('--since', since, now) }),
    ...(before === undefined ? {} : { before: momentOf('--before', before, now) }),
  };
}

/** `id=42`, once for each column of the key. A value may have an equals sign. */
function keyOf(given: readonly string[]): Record<string, string> {
  const pairs = given.map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at <= 0) throw usage('--key: expected the column and the value, as in --key id=42');
    return [text.slice(0, at), text.slice(at + 1)];
  });
  const key = new Map(pairs);
  if (key.size < pairs.length) throw usage('--key: a column is given twice');
  return Object.fromEntries(key);
}

function momentOf(option: string, text: string, now: number): string {
  const moment = parseMoment(text, now);
  if (moment !== null) return moment;
  throw usage(`${option}: expected how long ago, as in 90m or 7d, or a time in ISO 8601, as in 2026-11-20T10:00Z`);
}

function usage(message: string): WalhookError {
  return new WalhookError(message, { code: 'usage', exit: EXIT.usage });
}
