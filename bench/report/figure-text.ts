import { type Bar, type Figure, meets, type Unit } from '../measure.ts';

/** A value as people read it, with its unit. */
export function valueText(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '?';
  if (unit === 'ratio') return value.toFixed(2);
  if (unit === 'count') return Math.round(value).toLocaleString('en');
  if (unit === 'share') return `${Math.round(value * 100)} %`;
  const number = value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
  return unit === '/s' ? `${number}/s` : `${number} ${unit}`;
}

/** The median, and the least and the greatest of several rounds. */
export function spreadText({ value, unit }: Figure): string {
  if (value === null) return 'not measured';
  const { median, min, max, rounds } = value;
  return rounds === 1 ? valueText(median, unit) : `${valueText(median, unit)} (${valueText(min, unit)} … ${valueText(max, unit)})`;
}

export function barText(bar: Bar, unit: Unit): string {
  return 'atLeast' in bar ? `≥ ${valueText(bar.atLeast, unit)}` : `≤ ${valueText(bar.atMost, unit)}`;
}

/** Empty where there is no bar. */
export function verdictText(figure: Figure): string {
  if (figure.bar === undefined) return '';
  const met = meets(figure);
  if (met === null) return '–';
  return met ? 'met' : '**not met**';
}
