import { type EngineReport, largestLag } from '../fleet.ts';
import { ranges } from '../ranges.ts';
import type { Role } from '../role.ts';
import { printableLine } from './printable.ts';
import { textTable } from './text-table.ts';
import { countOf, humanCount, humanDuration } from './units.ts';

/** What each role does, in a few words. */
const ROLE_TEXTS: Readonly<Record<Role, string>> = {
  tail: 'reads the slot and hands deliveries to Kafka (role tail)',
  deliver: 'delivers from Kafka (role deliver)',
  all: 'reads the slot and delivers, with Kafka between (role all)',
};

/** The same of one that does not read the slot now. */
const WAITING_TEXTS: Readonly<Record<Role, string>> = {
  tail: 'stands by for the slot (role tail)',
  deliver: ROLE_TEXTS.deliver,
  all: 'delivers, and stands by for the slot (role all)',
};

/** A line on this process's part, then all who deliver. @param reads whether it reads the slot now */
export function engineText(engine: EngineReport, reads: boolean): string {
  const { role, topic, group, partitions, generation, forwarded, rebalances, last_pause, fleet } = engine;
  const own = [
    ...(reads ? [`${countOf(forwarded, 'delivery', 'deliveries')} handed over`] : []),
    ...(role === 'tail' ? [] : [partitions.length === 0 ? 'no partitions' : `${partitions.length === 1 ? 'partition' : 'partitions'} ${ranges(partitions)}`]),
    ...(generation === null ? [] : [`generation ${generation}`]),
    ...(rebalances < 2 ? [] : [`dealt to ${humanCount(rebalances)} times${last_pause === null ? '' : `, the last pause ${humanDuration(last_pause)}`}`]),
  ];
  return [
    `engine: topic ${topic}, group ${group}; this process ${(reads ? ROLE_TEXTS : WAITING_TEXTS)[role]}`,
    ...(own.length === 0 ? [] : [`  ${own.join(', ')}`]),
    ...(fleet === null ? [] : workersText(engine, fleet)),
  ].join('\n');
}

/** A line on a process that reads topics as its source, and delivers what is in them. */
export function sourceText({ topic, group, partitions, generation }: EngineReport): string {
  const own = partitions.length === 0 ? 'none of its partitions: another process of the group has them' : `its ${partitions.length === 1 ? 'partition' : 'partitions'} ${ranges(partitions)}`;
  return `source: topic ${topic}, group ${group}; this process reads ${own}${generation === null ? '' : `, generation ${generation}`}`;
}

function workersText({ worker: self }: EngineReport, fleet: NonNullable<EngineReport['fleet']>): string[] {
  const rows = fleet.workers.map(({ worker, partitions, lag }) => [worker === null ? 'nobody' : `${printableLine(worker, 60)}${worker === self ? ' (this)' : ''}`, String(partitions.length), ranges(partitions), humanCount(lag)]);
  const most = largestLag(fleet);
  const sum = fleet.workers.reduce((total, { lag }) => total + lag, 0);
  return [
    ...textTable([['worker', 'partitions', 'which', 'lag'], ...rows]).map((line) => `  ${line}`),
    `  lag        ${most === null ? 'none' : `${countOf(sum, 'record', 'records')}, the most in partition ${most.partition}: ${humanCount(most.lag)}`}`,
  ];
}
