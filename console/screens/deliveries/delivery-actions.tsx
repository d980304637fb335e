import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Tally } from '../../../src/operations.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import type { Delivery } from '../../api/shapes.ts';
import { Copy } from '../../parts/copy.tsx';
import { configTest, isTestable } from '../../text/config-test.ts';
import { curl } from '../../text/curl.ts';
import { sendAgain } from './send-again.ts';

interface ActionsProps {
  readonly delivery: Delivery;
  readonly onChange: () => void;
}

export function DeliveryActions({ delivery, onChange }: ActionsProps): VNode {
  const { busy, run } = useAct();
  const [asked, setAsked] = useState(false);
  const [reason, setReason] = useState('');
  const { id, endpoint, state, request } = delivery;
  const discard = (event: SubmitEvent): void => {
    event.preventDefault();
    run(async () => {
      const said = reason.trim() === '' ? {} : { reason: reason.trim() };
      const { count } = await post<Tally>('/deliveries/discard', { state, ids: [id], endpoint, ...said });
      setAsked(false);
      onChange();
      return count === 0 ? 'It was gone already.' : 'It is discarded. The log has who, when and why.';
    });
  };
  return (
    <section class="actions-part">
      <div class="actions">
        {state === 'parked' ? null : (
          <button type="button" class="button main" data-key="r" disabled={busy} onClick={() => run(() => sendAgain(delivery, onChange))}>
            Send again
          </button>
        )}
        {state === 'delivered' ? null : (
          <button type="button" class="button" aria-expanded={asked} onClick={() => setAsked(!asked)}>
            Discard …
          </button>
        )}
        {request === null ? null : <Copy text={() => curl(request)}>Copy as curl</Copy>}
        {isTestable(delivery) ? (
          <Copy text={() => configTest(delivery)} title="an entry for tests: in walhook.yaml">
            Copy as a config test
          </Copy>
        ) : null}
      </div>
      {asked ? (
        <form class="confirm" onSubmit={discard}>
          <p>It is forgotten for good: {endpoint} will never get it.</p>
          <div class="actions">
            <input aria-label="reason" placeholder="why (for the audit log)" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
            <button type="submit" class="button danger" disabled={busy}>
              Discard
            </button>
          </div>
        </form>
      ) : null}
    </section>
  );
}
