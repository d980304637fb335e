import type { VNode } from 'preact';
import { type Fleet, type FleetWorker, spareWorkers } from '../../../src/fleet.ts';
import { ranges } from '../../../src/ranges.ts';
import { Raw } from '../../parts/raw.tsx';
import { type Column, Rows } from '../../parts/rows.tsx';
import { State } from '../../parts/state.tsx';
import { count } from '../../text/units.ts';

/** Who delivers from which partitions, and how many records wait there. */
export function WorkerRows({ fleet, self }: { readonly fleet: Fleet; readonly self: string | null }): VNode {
  const most = (worker: FleetWorker) => fleet.partitions.filter(({ partition }) => worker.partitions.includes(partition)).reduce((worst, one) => (one.lag > worst.lag ? one : worst), { partition: -1, lag: 0 });
  const columns: readonly Column<FleetWorker>[] = [
    { name: 'worker', cell: ({ worker }) => (worker === null ? <State tone="failing">nobody</State> : <b><Raw text={worker} most={60} /></b>) },
    { name: '', cell: ({ worker }) => (worker !== null && worker === self ? <span class="faint">this process</span> : null) },
    { name: 'partitions', kind: 'number', cell: ({ partitions }) => count(partitions.length) },
    { name: 'which', kind: 'wide', cell: ({ partitions }) => (partitions.length === 0 ? '–' : ranges(partitions)) },
    { name: 'records behind', kind: 'number', cell: ({ lag }) => count(lag) },
    { name: 'the most', kind: 'number', cell: (worker) => (worker.lag === 0 ? '–' : `${count(most(worker).lag)} in ${most(worker).partition}`) },
  ];
  const spare = spareWorkers(fleet);
  return (
    <>
      <Rows label="workers" columns={columns} rows={fleet.workers} id={({ worker }) => worker ?? 'nobody'} empty="The topic has no partitions yet. Workers appear here: walhook run --role deliver." />
      {spare === null ? null : <p class="faint">{`${spare.charAt(0).toUpperCase()}${spare.slice(1)}.`}</p>}
    </>
  );
}
