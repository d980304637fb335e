import type { Spread } from './statistics.ts';
import type { Suite } from './suite.ts';

/** A row of the page's first table: one file in measures/ each. */
export interface Measure {
  /** As the command line names it. */
  readonly name: string;
  readonly title: string;
  /** Is run only when it is named: it has no bar of its own to meet. */
  readonly isExtra?: boolean;
  /** --quick leaves it out, unless it is named: there is nothing in it to compare. */
  readonly isSlow?: boolean;
  readonly run: (suite: Suite) => Promise<Result>;
}

/** What a measure found. */
export interface Result {
  readonly figures: readonly Figure[];
  readonly tables?: readonly Table[];
  readonly charts?: readonly Chart[];
  /** Sentences that belong to the figures: how it was measured, what won. */
  readonly notes?: readonly string[];
}

export type Unit = 'ratio' | '/s' | 'ms' | 'µs' | 'MB' | 'share' | 'count';

export interface Figure {
  /** Unlike any other's, without spaces: `deliver.ratio`. */
  readonly name: string;
  readonly what: string;
  readonly unit: Unit;
  /** Null: it could not be measured; a note says why. */
  readonly value: Spread | null;
  readonly bar?: Bar;
  /** How much, of the value, may be chance where few rounds are compared with those of another run. Default: 0.1. */
  readonly tolerance?: number;
}

export type Bar = { readonly atLeast: number } | { readonly atMost: number };

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** How something grows: both axes begin at zero, or the x axis is logarithmic. */
export interface Chart {
  /** The name of its file, without `.svg`. */
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly isLogX?: boolean;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** True, false, or null where there is no bar or no value. */
export function meets({ value, bar }: Figure): boolean | null {
  if (value === null || bar === undefined) return null;
  return 'atLeast' in bar ? value.median >= bar.atLeast : value.median <= bar.atMost;
}
