import type { VNode } from 'preact';
import type { Finding } from '../../../src/finding.ts';
import { Fix } from '../../parts/fix.tsx';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { SEVERITY_TONES } from '../../text/tones.ts';

/** Worst first, each with the SQL or the setting that mends it. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }): VNode {
  if (findings.length === 0) return <p class="empty">Nothing is amiss. What `walhook check` finds appears here, with the SQL that mends it.</p>;
  return (
    <ul class="alerts" aria-label="findings">
      {findings.map(({ code, severity, message, fix, path, managed }) => (
        <li key={`${code} ${path ?? ''} ${message}`} data-row={code} tabIndex={-1}>
          <p>
            <State tone={SEVERITY_TONES[severity]}>{severity}</State>
            <span class="grow">
              <Raw text={message} most={2_000} />{' '}
              <span class="faint">
                {path === null ? '' : `${path}, `}
                {code}
                {managed ? ', walhook mends it itself' : ''}
              </span>
            </span>
          </p>
          {fix === null ? null : <Fix text={fix} />}
        </li>
      ))}
    </ul>
  );
}
