import type { Figure, Measure, Result, Table } from '../measure.ts';
import { barText, spreadText, verdictText } from './figure-text.ts';
import type { BenchmarkRecord, Measured } from './record.ts';

const HEAD = `# Benchmarks

Made by \`npm run bench -- --write\`; not to be edited. What was tried is in [bench/notes.md](../bench/notes.md).

Every figure is the median of several rounds, with the least and the greatest in brackets. The first fifth of each round, of walhook and of
what it is compared with, warms up and is not counted. Ratios are to limits that are measured in the same
run, in turn with walhook, so that they hold on other machines too:

- **L1**: the bare stream from the same slot position, thrown away undecoded: the fastest of \`pg_recvlogical\`, a reader that reads at once
  whatever there is, and a reader that rests between small reads.
- **L2**: a bare undici \`dispatch\` loop that signs and posts the same bodies with the same concurrency to the same receiver.

walhook runs as users run it: \`dist/cli.js run\` with a configuration file, a process of its own. The receiver, the readers, the loop and the
writers are processes of their own too.
`;

const COMMANDS = `## Commands

\`\`\`sh
npm run bench                       # all of it, about 20 minutes on two cores
npm run bench -- deliver batches    # some of it
npm run bench -- --quick            # smaller; says which ratios fell by more than 10 %
npm run bench -- --write            # and writes this page
\`\`\`
`;

/** docs/benchmarks.md. Plots are in a folder beside it, `plots`. */
export function page({ machine, measures: measured }: BenchmarkRecord, measures: readonly Measure[], plots: string): string {
  const shown = measures.flatMap((measure) => {
    const found = measured[measure.name];
    return found === undefined ? [] : [{ measure, measured: found }];
  });
  return [
    HEAD,
    `## Machine\n\n${markdownTable(['', ''], Object.entries(machine ?? {}))}`,
    COMMANDS,
    `## Results\n\n${barTable(shown)}\n![Measured ratios against their bars](${plots}/bars.svg)\n`,
    ...shown.map(({ measure, measured: one }) => section(measure, one, plots)),
  ].join('\n');
}

function barTable(shown: readonly { readonly measure: Measure; readonly measured: Measured }[]): string {
  const rows = shown.flatMap(({ measure, measured }) =>
    measured.result.figures.filter(({ bar }) => bar !== undefined).map((figure, index) => [index === 0 ? `[${measure.title}](#${measure.name})` : '', ...figureCells(figure)]),
  );
  return markdownTable(['measure', 'figure', 'measured', 'bar', ''], rows);
}

function section({ name, title }: Measure, { date, command, result }: Measured, plots: string): string {
  const { figures, tables = [], charts = [], notes = [] } = result;
  return [
    `<a id="${name}"></a>\n\n## ${title.charAt(0).toUpperCase()}${title.slice(1)}\n\n\`${command}\`, ${date}.\n`,
    ...(figures.length === 0 ? [] : [markdownTable(['figure', 'measured', 'bar', ''], figures.map(figureCells))]),
    ...notes.map((note) => `${note}\n`),
    ...tables.map(tableText),
    ...charts.map((chart) => `![${chart.title}](${plots}/${chart.name}.svg)\n`),
  ].join('\n');
}

function figureCells(figure: Figure): string[] {
  const { what, unit, bar } = figure;
  return [what, spreadText(figure), bar === undefined ? '' : barText(bar, unit), verdictText(figure)];
}

function tableText({ title, columns, rows }: Table): string {
  return `**${title}**\n\n${markdownTable(columns, rows)}`;
}

function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${[line(columns), `|${' --- |'.repeat(columns.length)}`, ...rows.map(line)].join('\n')}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** The figures that have a bar, in the page's order. */
export function barFigures(results: readonly Result[]): Figure[] {
  return results.flatMap(({ figures }) => figures.filter(({ bar }) => bar !== undefined));
}
