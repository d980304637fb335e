import type { VNode } from 'preact';
import type { EndpointRates } from '../../src/traffic.ts';
import { count } from '../text/units.ts';

const HEIGHT = 24;
const STEP = 2;

/** The last hour, a minute a bar; what failed stands at the top in another colour. */
export function Sparkline({ minutes }: { readonly minutes: EndpointRates['minutes'] }): VNode {
  const most = Math.max(1, ...minutes.map(({ delivered, failed }) => delivered + failed));
  const all = minutes.reduce((sum, { delivered, failed }) => ({ delivered: sum.delivered + delivered, failed: sum.failed + failed }), { delivered: 0, failed: 0 });
  const bars = minutes.map(({ delivered, failed }, i) => {
    const low = Math.round((delivered / most) * HEIGHT);
    const high = Math.max(failed > 0 ? 2 : 0, Math.round((failed / most) * HEIGHT));
    return {
      delivered: low === 0 && delivered > 0 ? bar(i, 0, 1) : bar(i, 0, low),
      failed: bar(i, Math.min(low, HEIGHT - high), high),
    };
  });
  const width = minutes.length * STEP;
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} role="img" aria-label={`last hour: ${count(all.delivered)} delivered, ${count(all.failed)} failed attempts`}>
      <title>{`last hour: ${count(all.delivered)} delivered, ${count(all.failed)} failed attempts`}</title>
      <path class="baseline" d={`M0 ${HEIGHT - 0.5}H${width}`} />
      <path class="delivered" d={bars.map((one) => one.delivered).join('')} />
      <path class="failed" d={bars.map((one) => one.failed).join('')} />
    </svg>
  );
}

function bar(at: number, from: number, height: number): string {
  return height === 0 ? '' : `M${at * STEP} ${HEIGHT - from}h${STEP - 0.5}v${-height}h${0.5 - STEP}z`;
}
