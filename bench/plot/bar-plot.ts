import { type Figure, meets } from '../measure.ts';
import { barText, valueText } from '../report/figure-text.ts';
import { document, element, text } from './svg.ts';

const WIDTH = 790;
const ROW = 34;
const LEFT = 330;
const RIGHT = 160;
const TOP = 62;
const THICK = 16;
/** More characters do not fit beside a bar. */
const MOST_TEXT = 50;
/** A value is drawn up to so many times its bar. */
const MOST = 2;

/**
 * Figures against their bars, as an SVG: each as a part of its bar, so that the bars of all stand on one line. To the right of
 * it is good where the bar is a least, to the left where it is a most.
 */
export function barPlot(title: string, figures: readonly Figure[]): string {
  const right = (part: number): number => LEFT + (Math.min(part, MOST) / MOST) * (WIDTH - LEFT - RIGHT);
  const shown = figures.filter((figure) => figure.value !== null && figure.bar !== undefined);
  const height = TOP + shown.length * ROW + 12;
  return document({ width: WIDTH, height, title }, [
    text(title, { x: 12, y: 20, class: 'title' }),
    text('the line is the bar of each; ≥ wants to be right of it, ≤ left', { x: 12, y: 40, class: 'faint' }),
    ...shown.flatMap((figure, index) => row(figure, TOP + index * ROW, right)),
    element('line', { x1: right(1), x2: right(1), y1: TOP - 8, y2: height - 12, class: 'bar' }),
  ]);
}

function row(figure: Figure, y: number, right: (part: number) => number): string[] {
  const { what, value, bar, unit } = figure;
  if (value === null || bar === undefined) return [];
  const wanted = 'atLeast' in bar ? bar.atLeast : bar.atMost;
  const middle = y + THICK / 2;
  const short = what.length > MOST_TEXT ? `${what.slice(0, MOST_TEXT - 1)}…` : what;
  return [
    text(short, { x: LEFT - 12, y: middle + 4, 'text-anchor': 'end' }),
    element('rect', { x: LEFT, y, width: Math.max(1, right(value.median / wanted) - LEFT), height: THICK, rx: 2, fill: meets(figure) === true ? 'var(--good)' : 'var(--bad)' }),
    ...(value.rounds > 1 ? [element('line', { x1: right(value.min / wanted), x2: right(value.max / wanted), y1: middle, y2: middle, class: 'whisker' })] : []),
    text(`${valueText(value.median, unit)}   ${barText(bar, unit)}`, { x: WIDTH - RIGHT + 10, y: middle + 4 }),
  ];
}
