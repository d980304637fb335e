import { type EngineReport, largestLag, spareWorkers } from '../fleet.ts';
import { ranges } from '../ranges.ts';
import type { Role } from '../role.ts';
import { printableLine } from './printable.ts';
import { textTable } from './text-table.ts';
import { countOf, humanCount, humanDuration } from './units.ts';

export interface EngineView {
  /** Whether this process reads the source now. */
  readonly reads: boolean;
  /** What is the source; `this`: the topics of which the report is, and there is no engine behind them. */
  readonly source: 'slot' | 'topics' | 'this';
}

/** What each role does, in a few words. */
function roleText(role: Role, { reads, source }: EngineView): string {
  if (source === 'this') return reads ? 'reads them, and delivers' : 'stands by';
  if (role === 'deliver') return 'delivers from Kafka (role deliver)';
  if (role === 'tail') return reads ? `reads the ${source} and hands deliveries to Kafka (role tail)` : `stands by for the ${source} (role tail)`;
  return reads ? `reads the ${source} and delivers, with Kafka between (role all)` : `delivers, and stands by for the ${source} (role all)`;
}

/** A line on this process's part, then all who deliver. */
export function engineText(engine: EngineReport, view: EngineView): string {
  const { reads, source } = view;
  const { role, topic, group, partitions, generation, forwarded, rebalances, last_pause, fleet } = engine;
  const own = [
    ...(reads && source !== 'this' ? [`${countOf(forwarded, 'delivery', 'deliveries')} handed over`] : []),
    ...(role === 'tail' ? [] : [partitions.length === 0 ? '0 partitions' : `${partitions.length === 1 ? 'partition' : 'partitions'} ${ranges(partitions)}`]),
    ...(generation === null ? [] : [`generation ${generation}`]),
    ...(rebalances < 2 ? [] : [`dealt to ${humanCount(rebalances)} times${last_pause === null ? '' : `, the last pause ${humanDuration(last_pause)}`}`]),
  ];
  return [
    `${source === 'this' ? 'readers' : 'engine'}: topic ${topic}, group ${group}; this process ${roleText(role, view)}`,
    ...(own.length === 0 ? [] : [`  ${own.join(', ')}`]),
    ...(fleet === null ? [] : workersText(engine, fleet)),
  ].join('\n');
}

function workersText({ worker: self }: EngineReport, fleet: NonNullable<EngineReport['fleet']>): string[] {
  const rows = fleet.workers.map(({ worker, partitions, lag }) => [worker === null ? 'nobody' : `${printableLine(worker, 60)}${worker === self ? ' (this)' : ''}`, String(partitions.length), partitions.length === 0 ? '-' : ranges(partitions), humanCount(lag)]);
  const most = largestLag(fleet);
  const spare = spareWorkers(fleet);
  const sum = fleet.workers.reduce((total, { lag }) => total + lag, 0);
  return [
    ...textTable([['worker', 'partitions', 'which', 'lag'], ...rows]).map((line) => `  ${line}`),
    ...(spare === null ? [] : [`  ${spare}`]),
    `  lag        ${most === null ? 'none' : `${countOf(sum, 'record', 'records')}, the most in partition ${most.partition}: ${humanCount(most.lag)}`}`,
  ];
}
