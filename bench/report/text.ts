import type { Measure, Result } from '../measure.ts';
import { barText, spreadText, verdictText } from './figure-text.ts';

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
