import type { VNode } from 'preact';
import type { Delivery } from '../../api/shapes.ts';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { counted, duration } from '../../text/units.ts';

/** Each attempt that is known, the first first, and the next one. */
export function Attempts({ delivery: { timeline, attempts, message, next_at: next, state } }: { readonly delivery: Delivery }): VNode {
  const missing = attempts - timeline.length;
  return (
    <ol class="timeline" data-test="attempts">
      {missing > 0 ? (
        <li class="faint">
          {counted(missing, 'earlier attempt')} {missing === 1 ? 'is' : 'are'} no longer in memory
          {timeline.length === 0 && message !== null ? (
            <>
              ; the last: <Raw text={message} />
            </>
          ) : null}
        </li>
      ) : null}
      {timeline.map(({ attempt, at, duration_ms: ms, result, failure, status, message: why }) => (
        <li key={`${attempt} ${at}`}>
          <State tone={result === 'delivered' ? 'ok' : result === 'dead' ? 'dead' : 'failing'}>
            {attempt}. {status ?? failure ?? result}
          </State>{' '}
          <span class="faint">
            <Time at={at} />, took {duration(ms)}
          </span>
          {why === null ? null : (
            <p>
              <Raw text={why} most={1_000} />
            </p>
          )}
        </li>
      ))}
      {state === 'parked' ? (
        <li>
          <State tone="waiting">next</State>{' '}
          <span class="faint">
            <Time at={next} />
          </span>
        </li>
      ) : null}
      {attempts === 0 && timeline.length === 0 && state !== 'parked' ? <li class="faint">none was made</li> : null}
    </ol>
  );
}
