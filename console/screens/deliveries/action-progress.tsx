import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ActionReport } from '../../../src/actions.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { useResource } from '../../api/resource.ts';
import { Meter } from '../../parts/meter.tsx';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import type { ToneName } from '../../text/tones.ts';
import { count } from '../../text/units.ts';

const TONES: Readonly<Record<ActionReport['state'], ToneName>> = { running: 'waiting', done: 'ok', cancelled: 'idle', failed: 'failing' };
const WORDS = { replay: 'sent again', discard: 'discarded' } as const;

/** How far a bulk action is, until it has ended. */
export function ActionProgress({ id, onDone }: { readonly id: string; readonly onDone?: (() => void) | undefined }): VNode {
  const { data, reload } = useResource<ActionReport>(`/actions/${encodeURIComponent(id)}`, 700);
  const { busy, run } = useAct();
  const ended = data !== null && data.state !== 'running';
  useEffect(() => {
    if (ended) onDone?.();
  }, [ended]);
  if (data === null) return <p class="faint">Beginning …</p>;
  const { action, state, done, total, message } = data;
  const cancel = (): void =>
    run(async () => {
      await post(`/actions/${encodeURIComponent(id)}/cancel`);
      reload();
      return null;
    });
  return (
    <div class="confirm" data-test="progress" data-state={state}>
      <p>
        <State tone={TONES[state]}>{state}</State> {count(done)} of {count(total)} {WORDS[action]}
        {message === null ? null : <>: <Raw text={message} /></>}
      </p>
      <Meter value={done} most={total} label={`${done} of ${total}`} />
      {ended ? null : (
        <button type="button" class="button" disabled={busy} onClick={cancel}>
          Cancel the rest
        </button>
      )}
    </div>
  );
}
