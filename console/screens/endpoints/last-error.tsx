import type { VNode } from 'preact';
import type { EndpointReport } from '../../../src/inspection.ts';
import { Fix } from '../../parts/fix.tsx';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';

/** What went wrong last, and what helps. */
export function LastError({ error: { message, failure, at, hint } }: { readonly error: NonNullable<EndpointReport['last_error']> }): VNode {
  return (
    <section class="note" data-test="last-error">
      <p>
        <State tone="failing">{failure ?? 'failed'}</State> <Raw text={message} most={1_000} />{' '}
        <span class="faint">
          <Time at={at} />
        </span>
      </p>
      {hint === null ? null : <Fix text={hint} />}
    </section>
  );
}
