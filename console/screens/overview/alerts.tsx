import type { VNode } from 'preact';
import type { Alert } from '../../../src/inspection.ts';
import { Fix } from '../../parts/fix.tsx';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { LEVEL_TONES } from '../../text/tones.ts';

/** What is the matter, worst first, each with what mends it. */
export function Alerts({ alerts }: { readonly alerts: readonly Alert[] }): VNode | null {
  if (alerts.length === 0) return null;
  return (
    <section>
      <h2>
        To be seen to <span class="faint">{alerts.length}</span>
      </h2>
      <ul class="alerts">
        {alerts.map(({ level, message, fix, link }) => (
          <li key={message} data-row={message} tabIndex={-1}>
            <p>
              <State tone={LEVEL_TONES[level]}>{level}</State>
              <span class="grow">
                <Raw text={message} most={2_000} />
              </span>
              {link === null || !link.startsWith('/') ? null : <a href={link}>look</a>}
            </p>
            {fix === null ? null : <Fix text={fix} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
