import type { Measure } from './measure.ts';

/** What `--help` prints. */
export function helpText(measures: readonly Measure[]): string {
  const width = Math.max(...measures.map(({ name }) => name.length));
  const list = (extra: boolean): string =>
    measures
      .filter(({ isExtra = false }) => isExtra === extra)
      .map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`)
      .join('\n');
  return `npm run bench                           every measure, about 20 minutes
npm run bench -- --quick                smaller; then says which ratios fell by more than 10 %
npm run bench -- deliver batches        these alone
npm run bench -- kafka                  all whose names begin with kafka-: they need Java (see docs/scale.md)
npm run bench -- --write                and writes docs/benchmarks.md, its plots and docs/benchmarks.json
npm run bench -- --quick --write        writes what --quick compares with
npm run bench:parking                   the parking store alone: see bench/parking.ts

measures
${list(false)}

run only when they are named
${list(true)}

options
  --quick          a tenth of the rows, shorter loads
  --rows N         rows of a backlog; the memory of a million rows is measured with 10/3 as many. Default: 300000, quick 30000
  --rounds N       how often walhook and the limit are measured, in turn. Default: 3
  --seconds N      how long a steady load lasts. Default: 10, quick 3
  --json FILE      writes the results there
  --write          see above

Exit codes: 0 done; 1 a measure failed, or with --quick a ratio fell by more than 10 %; 2 usage; 130 interrupted.
`;
}
