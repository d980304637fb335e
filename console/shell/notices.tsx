import type { VNode } from 'preact';
import { Raw } from '../parts/raw.tsx';
import { State } from '../parts/state.tsx';
import { dismiss, notices } from '../place/notices.ts';
import { useStore } from '../place/store.ts';

/** What actions came to. */
export function Notices(): VNode {
  return (
    <div class="notices" role="status" aria-live="polite">
      {useStore(notices).map(({ id, kind, text, hint }) => (
        <div key={id} class={`notice ${kind}`}>
          <div>
            <State tone={kind === 'done' ? 'ok' : 'failing'}>
              <Raw text={text} />
            </State>
            {hint === null ? null : (
              <p class="faint">
                <Raw text={hint} most={1_000} />
              </p>
            )}
          </div>
          <button type="button" class="quiet" onClick={() => dismiss(id)}>
            dismiss
          </button>
        </div>
      ))}
    </div>
  );
}
