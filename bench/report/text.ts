import type { Measure, Result } from '../measure.ts';
import { barText, spreadText, valueText, verdictText } from './figure-text.ts';
import { comparable, type Worse } from './ratios.ts';

/** What a measure found, for the terminal. */
export function resultText({ name, title }: Measure, { figures, tables = [], notes = [] }: Result, seconds: number): string {
  const lines = [`${name}: ${title} (${Math.round(seconds)} s)`];
  const width = Math.max(...figures.map(({ what }) => what.length));
  for (const figure of figures) {
    const bar = figure.bar === undefined ? '' : `   ${barText(figure.bar, figure.unit)}: ${verdictText(figure).replaceAll('*', '')}`;
    lines.push(`  ${figure.what.padEnd(width)}  ${spreadText(figure)}${bar}`);
  }
  for (const { title: heading, columns, rows } of tables) {
    const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
    const line = (cells: readonly string[]): string => `    ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join('  ')}`;
    lines.push(`  ${heading}`, line(columns), ...rows.map(line));
  }
  for (const note of notes) lines.push(`  ${note}`);
  return `${lines.join('\n')}\n\n`;
}

/** How a run compares with what was committed, for the terminal. */
export function comparisonText(fallen: readonly Worse[], results: ReadonlyMap<string, Result>, committed: Readonly<Record<string, number>>): string {
  const compared = comparable(results).filter(({ name }) => committed[name] !== undefined).length;
  if (compared === 0) return 'nothing of this is committed in docs/benchmarks.json: there is nothing to compare with\n';
  if (fallen.length === 0) return `none of ${compared} figures is worse than the committed one by more than 10 %\n`;
  const lines = fallen.map(({ figure: { name, what, unit, value }, before, by }) => {
    const now = value === null ? '?' : valueText(value.median, unit);
    return `  ${name} (${what}): ${valueText(before, unit)} → ${now}, ${Math.round(by * 100)} % worse`;
  });
  return `${fallen.length} of ${compared} figures are worse than the committed ones:\n${lines.join('\n')}\n`;
}
