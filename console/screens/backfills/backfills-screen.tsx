import type { VNode } from 'preact';
import { useResource } from '../../api/resource.ts';
import type { Backfills } from '../../api/shapes.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { BackfillRows } from './backfill-rows.tsx';
import { StartBackfill } from './start-backfill.tsx';

export function BackfillsScreen(): VNode {
  const backfills = useResource<Backfills>('/backfills', 1_500);
  return (
    <>
      <h1>Backfills {backfills.data === null ? null : <span class="faint">{backfills.data.backfills.length}</span>}</h1>
      <StartBackfill onStart={backfills.reload} />
      <Waiting of={backfills} what="the backfills" />
      {backfills.data === null ? null : <BackfillRows backfills={backfills.data.backfills} stale={backfills.stale} onChange={backfills.reload} />}
    </>
  );
}
