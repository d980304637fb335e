import { EXIT, WalhookError } from '../errors.ts';
import type { Selection } from '../operations.ts';
import type { OptionValues } from './command.ts';

/** The part of a selection that --endpoint, --hook and --table make. */
export function narrowing({ endpoint, hook, table }: OptionValues): Pick<Selection, 'endpoint' | 'hook' | 'table'> {
  if (table !== undefined && table.length > 1) throw new WalhookError('--table may be given once', { code: 'usage', exit: EXIT.usage });
  const [one] = table ?? [];
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(hook === undefined ? {} : { hook }),
    ...(one === undefined ? {} : { table: one }),
  };
}
