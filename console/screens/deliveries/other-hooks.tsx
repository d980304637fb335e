import type { VNode } from 'preact';
import type { TracedHook } from '../../../src/inspection.ts';
import { Raw } from '../../parts/raw.tsx';
import { State } from '../../parts/state.tsx';
import { link } from '../../place/link.ts';

/** Which hooks of the table took the change, and what kept the others from it. */
export function OtherHooks({ hooks, own }: { readonly hooks: readonly TracedHook[]; readonly own: string }): VNode {
  return (
    <ul class="plain" data-test="trace">
      {hooks.map(({ hook, wanted, reasons, when }) => (
        <li key={hook}>
          <p>
            <State tone={wanted ? 'ok' : 'idle'}>{wanted ? 'took it' : 'did not'}</State>{' '}
            <a href={link(['hooks', hook])}>
              <Raw text={hook} />
            </a>
            {hook === own ? <span class="faint"> this delivery</span> : null}
          </p>
          {when === null ? null : (
            <p class="expression">
              <code>
                <Raw text={when.expression} most={1_000} />
              </code>{' '}
              <span class="faint">is</span> <b>{when.error === null ? String(when.value) : <Raw text={`an error: ${when.error}`} />}</b>
            </p>
          )}
          {reasons.map((reason) => (
            <p class="faint">
              <Raw text={reason} most={1_000} />
            </p>
          ))}
        </li>
      ))}
    </ul>
  );
}
