/** What cel-js alone takes for filters on a row that is an object already, as a process of its own. */
import { parse } from '@marcbachmann/cel-js';
import { perform } from '../process/task.ts';
import { warmUp } from '../warm-up.ts';

export interface BareFilterInput {
  readonly filters: readonly string[];
  readonly row: Readonly<Record<string, unknown>>;
  readonly rows: number;
}

/** Microseconds for one filter on one row. */
export type BareFilterAnswer = number;

perform<BareFilterInput, BareFilterAnswer>(async ({ filters, row, rows }) => {
  const programs = filters.map((filter) => parse(filter));
  let matched = 0;
  const skip = warmUp(rows);
  let before = process.cpuUsage();
  for (let i = 0; i < rows; i++) {
    if (i === skip) before = process.cpuUsage();
    const context = { row: { ...row, user_id: i } };
    for (const program of programs) if (program(context) === true) matched++;
  }
  const { user, system } = process.cpuUsage(before);
  if (matched > 0) throw new Error('none of the filters is to match');
  return (user + system) / ((rows - skip) * filters.length);
});
