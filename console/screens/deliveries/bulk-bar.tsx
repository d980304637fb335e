import type { VNode } from 'preact';
import { useResource } from '../../api/resource.ts';
import type { Actions } from '../../api/shapes.ts';
import type { Selection } from '../../../src/operations.ts';
import { ActionProgress } from './action-progress.tsx';
import { BulkPart } from './bulk-part.tsx';

interface BulkBarProps {
  readonly selection: Selection;
  readonly onDone: () => void;
}

/** What can be done with all that the filter finds, and what is being done. */
export function BulkBar({ selection, onDone }: BulkBarProps): VNode {
  // Another filter is another question: what was counted for the one before does not hold for it.
  const key = JSON.stringify(selection);
  return (
    <section class="bulk" aria-label="all of these">
      <span class="faint">All of these:</span>
      {selection.state === 'parked' ? null : <BulkPart key={`replay ${key}`} action="replay" selection={selection} onDone={onDone} />}
      {selection.state === 'delivered' ? null : <BulkPart key={`discard ${key}`} action="discard" selection={selection} onDone={onDone} />}
      <RunningActions />
    </section>
  );
}

/** Those that somebody else began, or that were begun before the page was loaded. */
function RunningActions(): VNode | null {
  const { data } = useResource<Actions>('/actions');
  const running = (data?.actions ?? []).filter(({ state }) => state === 'running');
  if (running.length === 0) return null;
  return (
    <>
      {running.map(({ id }) => (
        <ActionProgress key={id} id={id} />
      ))}
    </>
  );
}
