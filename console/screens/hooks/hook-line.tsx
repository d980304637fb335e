import type { ComponentChildren, VNode } from 'preact';
import type { HookReport } from '../../../src/inspection.ts';
import { Raw } from '../../parts/raw.tsx';
import { link } from '../../place/link.ts';
import { go } from '../../place/place.ts';
import { count, duration } from '../../text/units.ts';

/** Table → filter → shape → endpoint, with how many events came to each step since the daemon started. */
export function HookLine({ hook, opens = true }: { readonly hook: HookReport; readonly opens?: boolean }): VNode {
  const { name, table, to, events, traffic, format, encoding, enrich, schedule, cooldown } = hook;
  const href = link(['hooks', name]);
  const Line = opens ? 'li' : 'div';
  const follow = (event: Event): void => {
    if (opens && !(event.target instanceof Element && event.target.closest('a') !== null)) go(href);
  };
  return (
    <Line class={`hook-line ${opens ? 'opens' : ''}`} {...(opens ? { 'data-row': name, tabIndex: -1, onClick: follow } : {})} data-test={`hook-${name}`}>
      {opens ? (
        <a class="hook-name" href={href}>
          <b>
            <Raw text={name} />
          </b>
        </a>
      ) : null}
      <Step of={traffic?.events ?? null} unit="events">
        <Raw text={table.replace(/^public\./, '')} /> <span class="faint">{events.join(', ')}</span>
      </Step>
      <Step of={traffic?.matched ?? null} unit="matched">
        <Conditions hook={hook} />
      </Step>
      <Step of={traffic?.deliveries ?? null} unit="deliveries">
        {format} <span class="faint">as {encoding}</span>
        {enrich.length === 0 ? null : <span class="faint"> with {enrich.join(', ')}</span>}
        {schedule === null ? null : <span class="faint"> at {schedule}</span>}
        {cooldown === null ? null : <span class="faint"> once in {duration(cooldown)}</span>}
      </Step>
      <Step of={traffic?.delivered ?? null} unit="delivered" dead={traffic?.dead ?? 0} hook={name}>
        {to.map((endpoint, i) => [i === 0 ? '' : ', ', <a href={link(['endpoints', endpoint])}>{endpoint}</a>])}
      </Step>
    </Line>
  );
}

function Conditions({ hook: { when, changed, entering } }: { readonly hook: HookReport }): VNode {
  if (when === null && changed === null) return <span class="faint">all</span>;
  return (
    <>
      {when === null ? null : (
        <code>
          <Raw text={when} most={120} />
        </code>
      )}
      {entering ? <span class="faint"> begins to hold</span> : null}
      {changed === null ? null : <span class="faint"> {changed.join(' or ')} changed</span>}
    </>
  );
}

interface StepProps {
  readonly of: number | null;
  readonly unit: string;
  readonly dead?: number;
  readonly hook?: string;
  readonly children: ComponentChildren;
}

function Step({ of, unit, dead = 0, hook, children }: StepProps): VNode {
  return (
    <div class="step">
      <div class="step-what">{children}</div>
      <div class="step-count">
        <b>{count(of)}</b> <span class="faint">{unit}</span>
        {dead > 0 && hook !== undefined ? (
          <>
            {' '}
            <a class="dead-count" href={link(['deliveries'], { state: 'dead', hook })}>
              {count(dead)} dead
            </a>
          </>
        ) : null}
      </div>
    </div>
  );
}
