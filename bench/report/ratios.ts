import type { Figure, Result } from '../measure.ts';

/** More than this is a regression, unless a figure says that more may be chance. */
const TOLERANCE = 0.1;

/** A figure that is worse than it was. */
export interface Worse {
  readonly figure: Figure;
  readonly before: number;
  /** By which part of `before` it is worse. */
  readonly by: number;
}

/** Those figures of the results that have a bar and do not depend on how fast the machine is: ratios, and memory. */
export function comparable(results: ReadonlyMap<string, Result>): Figure[] {
  return [...results.values()].flatMap(({ figures }) => figures.filter(({ bar, unit, value }) => bar !== undefined && value !== null && (unit === 'ratio' || unit === 'MB')));
}

/** Their medians by name. */
export function ratiosOf(results: ReadonlyMap<string, Result>): Record<string, number> {
  return Object.fromEntries(comparable(results).map(({ name, value }) => [name, Number((value?.median ?? Number.NaN).toFixed(3))]));
}

/** Those that are worse than before by more than chance; one that was not measured before is not among them. */
export function worse(results: ReadonlyMap<string, Result>, before: Readonly<Record<string, number>>): Worse[] {
  return comparable(results).flatMap((figure) => {
    const { name, value, bar, tolerance = TOLERANCE } = figure;
    const then = before[name];
    if (then === undefined || value === null || bar === undefined) return [];
    const by = ('atLeast' in bar ? then - value.median : value.median - then) / then;
    return by > tolerance ? [{ figure, before: then, by }] : [];
  });
}
