import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MEASURES } from '../all-measures.ts';
import type { Result } from '../measure.ts';
import { commandText, type Options } from '../options.ts';
import { barPlot } from '../plot/bar-plot.ts';
import { linePlot } from '../plot/line-plot.ts';
import { thisMachine } from './machine.ts';
import { barFigures, page } from './page.ts';
import { ratiosOf, worse } from './ratios.ts';
import { type BenchmarkRecord, readRecord } from './record.ts';
import { comparisonText } from './text.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const RECORD = join(DOCS, 'benchmarks.json');
const PAGE = join(DOCS, 'benchmarks.md');
const PLOTS = 'benchmarks';

/** Writes what the options ask for; compares a quick run that writes nothing with what was committed. True if a ratio fell. */
export function report(options: Options, results: ReadonlyMap<string, Result>): boolean {
  const before = readRecord(RECORD);
  if (options.json !== null) writeJson(options.json, { machine: thisMachine(), command: commandText(options), results: Object.fromEntries(results) });
  if (options.write) {
    const record = options.quick ? { ...before, quick: { ...before.quick, ...ratiosOf(results) } } : withResults(before, options, results);
    writeJson(RECORD, record);
    if (!options.quick) writePage(record);
    return false;
  }
  if (!options.quick) return false;
  // Small sizes give other ratios than large ones.
  const committed = Object.keys(before.quick).length > 0 ? before.quick : ratiosOf(new Map(Object.entries(before.measures).map(([name, { result }]) => [name, result])));
  const fallen = worse(results, committed);
  process.stdout.write(comparisonText(fallen, results, committed));
  return fallen.length > 0;
}

function withResults(before: BenchmarkRecord, options: Options, results: ReadonlyMap<string, Result>): BenchmarkRecord {
  const date = new Date().toISOString().slice(0, 10);
  const command = commandText(options);
  const measured = Object.fromEntries([...results].map(([name, result]) => [name, { date, command, result }]));
  return { ...before, machine: thisMachine(), measures: { ...before.measures, ...measured } };
}

function writePage(record: BenchmarkRecord): void {
  const results = MEASURES.flatMap(({ name }) => record.measures[name]?.result ?? []);
  mkdirSync(join(DOCS, PLOTS), { recursive: true });
  writeFileSync(join(DOCS, PLOTS, 'bars.svg'), barPlot('Measured, as a part of its bar', barFigures(results)));
  for (const chart of results.flatMap(({ charts = [] }) => charts)) writeFileSync(join(DOCS, PLOTS, `${chart.name}.svg`), linePlot(chart));
  writeFileSync(PAGE, page(record, MEASURES, PLOTS));
}

function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}
