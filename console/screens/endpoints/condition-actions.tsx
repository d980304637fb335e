import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { EndpointReport } from '../../../src/inspection.ts';
import { useAct } from '../../api/act.ts';
import { post } from '../../api/api.ts';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { endpointState } from '../../text/tones.ts';
import { duration } from '../../text/units.ts';

interface ConditionProps {
  readonly endpoint: EndpointReport;
  readonly onChange: () => void;
}

/** How it is, why, and the actions that change it: pause, resume, close the breaker. */
export function ConditionActions({ endpoint, onChange }: ConditionProps): VNode {
  const [reason, setReason] = useState('');
  const { busy, run } = useAct();
  const { name, condition, breaker, probe_in: probeIn } = endpoint;
  const { tone, word } = endpointState(endpoint);
  const path = `/endpoints/${encodeURIComponent(name)}`;
  const act = (verb: 'pause' | 'resume' | 'probe', body: object, sentence: string): void =>
    run(async () => {
      await post(`${path}/${verb}`, body);
      onChange();
      return sentence;
    });
  return (
    <section class="actions-part">
      <p data-test="condition">
        <State tone={tone}>{word}</State>
        {condition === 'active' ? null : (
          <>
            {' '}
            <Time at={endpoint.condition_since} />
            {endpoint.reason === null ? null : <>: <Raw text={endpoint.reason} /></>}
          </>
        )}
        {endpoint.failing_for === null ? null : <span class="faint">, failing for {duration(endpoint.failing_for)}</span>}
        {breaker === 'open' && probeIn !== null ? <span class="faint">, the next try in {duration(probeIn)}</span> : null}
      </p>
      <div class="actions">
        {condition === 'active' ? (
          <form
            class="inline"
            onSubmit={(event) => {
              event.preventDefault();
              act('pause', reason.trim() === '' ? {} : { reason: reason.trim() }, `${name} is paused: what comes is parked.`);
              setReason('');
            }}
          >
            <input aria-label="reason of the pause" placeholder="reason (optional)" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
            <button type="submit" class="button" disabled={busy}>
              Pause
            </button>
          </form>
        ) : (
          <button type="button" class="button main" disabled={busy} onClick={() => act('resume', {}, `${name} is sent to again.`)}>
            Resume
          </button>
        )}
        {breaker === 'open' && condition === 'active' ? (
          <button type="button" class="button" disabled={busy} onClick={() => act('probe', {}, `One delivery is let through to ${name} now: if it arrives, the rest follows.`)}>
            Close the breaker
          </button>
        ) : null}
      </div>
    </section>
  );
}
