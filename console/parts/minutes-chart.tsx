import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { EndpointRates } from '../../src/traffic.ts';
import { count } from '../text/units.ts';

const HEIGHT = 112;

/** The last hour in bars, a minute each: what was delivered, and on top of it the attempts that failed. */
export function MinutesChart({ minutes, label }: { readonly minutes: EndpointRates['minutes']; readonly label: string }): VNode {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(minutes);
  latest.current = minutes;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const draw = (): void => {
      chart.current?.destroy();
      chart.current = new uPlot(options(element), series(latest.current), element);
    };
    draw();
    const resized = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.setData(series(minutes)), [minutes]);

  const all = minutes.reduce((sum, { delivered, failed }) => [sum[0] + delivered, sum[1] + failed] as const, [0, 0] as readonly [number, number]);
  return (
    <figure class="chart">
      <figcaption>
        <span>{label}</span>
        <span class="legend delivered">{count(all[0])} delivered</span>
        <span class="legend failed">{count(all[1])} failed attempts</span>
      </figcaption>
      <div ref={place} role="img" aria-label={`${label}: ${count(all[0])} delivered, ${count(all[1])} failed attempts`} />
    </figure>
  );
}

/** The last minute is now; the upper series is the sum, drawn first, so that the lower covers it. */
function series(minutes: EndpointRates['minutes']): uPlot.AlignedData {
  const end = Math.floor(Date.now() / 60_000) * 60;
  return [
    minutes.map((_, i) => end - (minutes.length - 1 - i) * 60),
    minutes.map(({ delivered, failed }) => (failed === 0 ? null : delivered + failed)),
    minutes.map(({ delivered }) => delivered),
  ];
}

function options(element: HTMLElement): uPlot.Options {
  // A canvas knows no CSS variables, and light-dark() not either: the colours are read off elements.
  const colour = (name: string): string => {
    const probe = document.createElement('i');
    probe.style.color = `var(${name})`;
    element.append(probe);
    const read = getComputedStyle(probe).color;
    probe.remove();
    return read;
  };
  const axis = { stroke: colour('--faint'), font: `11px ${getComputedStyle(element).fontFamily}`, ticks: { show: false } };
  const paths = uPlot.paths.bars?.({ size: [0.8, 16] });
  const bars = (name: string) => ({ fill: colour(name), width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    // Half a bar of room at both ends.
    scales: { x: { range: (_, from, to) => [from - 30, to + 30] }, y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 24, space: 80, values: (_, times) => times.map((time) => new Date(time * 1_000).toTimeString().slice(0, 5)) },
      { ...axis, grid: { stroke: colour('--line'), width: 1 }, size: 48, space: 32, values: (_, values) => values.map((value) => count(value)) },
    ],
    series: [{}, bars('--failing'), bars('--bar')],
  };
}
