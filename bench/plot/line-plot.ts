import type { Chart } from '../measure.ts';
import { ticks, tickText } from './scale.ts';
import { COLOURS, document, element, text } from './svg.ts';

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 20;
const TOP = 52;
const BOTTOM = 44;
/** More points than these are a line without dots. */
const MOST_DOTS = 20;

/** How something grows, as an SVG. */
export function linePlot({ title, x, y, isLogX = false, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const yTicks = ticks(Math.max(...points.map((point) => point[1])));
  const most = yTicks.at(-1) ?? 1;
  const xs = points.map((point) => point[0]);
  const across = isLogX ? logarithmic(Math.min(...xs), Math.max(...xs)) : linear(Math.max(...xs));
  const right = (value: number): number => LEFT + across.share(value) * (WIDTH - LEFT - RIGHT);
  const up = (value: number): number => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const xTicks = isLogX ? [...new Set(xs)].toSorted((a, b) => a - b) : across.ticks;
  return document({ width: WIDTH, height: HEIGHT, title }, [
    text(title, { x: LEFT, y: 20, class: 'title' }),
    ...(lines.length > 1 ? legend(lines.map(({ name }) => name)) : []),
    text(y, { x: LEFT - 8, y: TOP - 10, class: 'faint', 'text-anchor': 'end' }),
    ...yTicks.flatMap((tick) => [
      element('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: up(tick), y2: up(tick), class: 'rule' }),
      text(tickText(tick), { x: LEFT - 8, y: up(tick) + 4, class: 'faint', 'text-anchor': 'end' }),
    ]),
    ...xTicks.map((tick) => text(tickText(tick), { x: right(tick), y: HEIGHT - BOTTOM + 18, class: 'faint', 'text-anchor': 'middle' })),
    text(x, { x: WIDTH - RIGHT, y: HEIGHT - 8, class: 'faint', 'text-anchor': 'end' }),
    ...lines.flatMap(({ points: own }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? COLOURS[0];
      const path = own.map(([px, py]) => `${right(px).toFixed(1)},${up(py).toFixed(1)}`).join(' ');
      const dots = own.length > MOST_DOTS ? [] : own.map(([px, py]) => element('circle', { cx: right(px), cy: up(py), r: 3, fill: colour }));
      return [element('polyline', { points: path, class: 'line', stroke: colour }), ...dots];
    }),
  ]);
}

interface Axis {
  /** Where between the ends of the axis a value is, from 0 to 1. */
  readonly share: (value: number) => number;
  readonly ticks: readonly number[];
}

function linear(most: number): Axis {
  const steps = ticks(most);
  const end = steps.at(-1) ?? 1;
  return { share: (value) => value / end, ticks: steps };
}

function logarithmic(least: number, most: number): Axis {
  const span = Math.log(most / least) || 1;
  return { share: (value) => Math.log(value / least) / span, ticks: [] };
}

function legend(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const x = LEFT + 8 + index * 190;
    return [
      element('line', { x1: x, x2: x + 18, y1: 36, y2: 36, class: 'line', stroke: COLOURS[index % COLOURS.length] ?? COLOURS[0] }),
      text(name, { x: x + 24, y: 40 }),
    ];
  });
}
