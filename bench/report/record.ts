import { readFileSync } from 'node:fs';
import type { Result } from '../measure.ts';
import type { Machine } from './machine.ts';

/** docs/benchmarks.json: what the page is made of, and what later runs are compared with. */
export interface BenchmarkRecord {
  /** Null until something has been measured. */
  readonly machine: Machine | null;
  /** The full runs, by the name of the measure. One that is run again takes the place of the one before. */
  readonly measures: Readonly<Record<string, Measured>>;
  /** The ratios of a quick run, by the name of the figure. */
  readonly quick: Readonly<Record<string, number>>;
}

export interface Measured {
  /** The day, in UTC: 2026-11-21. */
  readonly date: string;
  /** The command that did it. */
  readonly command: string;
  readonly result: Result;
}

const NOTHING: BenchmarkRecord = { machine: null, measures: {}, quick: {} };

/** What has been committed; nothing if there is no such file. */
export function readRecord(file: string): BenchmarkRecord {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NOTHING;
    throw error;
  }
  return JSON.parse(text) as BenchmarkRecord;
}
