import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ActionReport } from '../../../src/actions.ts';
import type { BulkAction, Selection, Tally } from '../../../src/operations.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { count, counted } from '../../text/units.ts';
import { ActionProgress } from './action-progress.tsx';

interface BulkProps {
  readonly action: BulkAction;
  readonly selection: Selection;
  readonly onDone?: (() => void) | undefined;
}

const VERBS = { replay: 'Send all again …', discard: 'Discard all …' } as const;

/** An action on many deliveries: counts first, then runs in the background, can be cancelled. */
export function BulkPart({ action, selection, onDone }: BulkProps): VNode {
  const [tally, setTally] = useState<Tally | null>(null);
  const [running, setRunning] = useState<string | null>(null);
  const [reason, setReason] = useState('');
  const { busy, run } = useAct();
  const path = `/deliveries/${action}`;
  const body = { ...selection, ...(isNarrow(selection) ? {} : { all: true }) };
  const countFirst = (): void =>
    run(async () => {
      setTally(await post<Tally>(path, { ...body, dry_run: true }));
      return null;
    });
  const act = (before: string): void =>
    run(async () => {
      const said = action === 'discard' && reason.trim() !== '' ? { reason: reason.trim() } : {};
      const { id } = await post<ActionReport>(path, { ...body, ...said, before: earlier(before, selection.before), background: true });
      setTally(null);
      setRunning(id);
      return null;
    });
  if (running !== null) return <ActionProgress id={running} onDone={onDone} />;
  if (tally === null) {
    return (
      <button type="button" class="button" disabled={busy} onClick={countFirst} data-test={`count-${action}`}>
        {busy ? 'Counting …' : VERBS[action]}
      </button>
    );
  }
  const gone = Object.values(tally.not_configured).reduce((sum, value) => sum + value, 0);
  return (
    <div class="confirm" data-test={`tally-${action}`}>
      <p>
        <b>{counted(tally.count, 'delivery', 'deliveries')}</b>
        {Object.entries(tally.endpoints).map(([endpoint, value]) => (
          <span class="faint">
            {' '}
            {endpoint} {count(value)}
          </span>
        ))}
      </p>
      {gone === 0 ? null : <p class="faint">{counted(gone, 'more')} cannot be sent: {Object.keys(tally.not_configured).join(', ')} is no longer in the configuration.</p>}
      {action === 'discard' ? <input aria-label="reason" placeholder="why (for the audit log)" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} /> : null}
      <div class="actions">
        <button type="button" class={`button ${action === 'discard' ? 'danger' : 'main'}`} disabled={busy || tally.count === 0} onClick={() => act(tally.as_of)} data-test={`confirm-${action}`}>
          {tally.count === 0 ? 'Nothing to do' : action === 'replay' ? `Send ${count(tally.count)} again` : `Discard ${count(tally.count)} for good`}
        </button>
        <button type="button" class="button" onClick={() => setTally(null)}>
          Leave it
        </button>
      </div>
    </div>
  );
}

function isNarrow({ ids, endpoint, hook, table }: Selection): boolean {
  return [ids, endpoint, hook, table].some((given) => given !== undefined);
}

/** What comes after the count is left alone, also where the filter ends later. */
function earlier(a: string, b: string | undefined): string {
  return b === undefined || Date.parse(a) < Date.parse(b) ? a : b;
}
