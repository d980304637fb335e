import type { VNode } from 'preact';
import type { ListedState, Selection, Tally } from '../../../src/operations.ts';
import { useResource } from '../../api/resource.ts';
import { Shape } from '../../parts/state.tsx';
import { linkWith, usePlace } from '../../place/place.ts';
import { DELIVERY_TONES } from '../../text/tones.ts';
import { count } from '../../text/units.ts';
import { apiQuery } from './delivery-query.ts';

const STATES: readonly ListedState[] = ['dead', 'parked', 'delivered'];

/** The three states, with how many the filter finds in each. */
export function StateTabs({ selection }: { readonly selection: Selection }): VNode {
  return (
    <ul class="tabs" aria-label="state">
      {STATES.map((state) => (
        <StateTab key={state} state={state} selection={selection} />
      ))}
    </ul>
  );
}

function StateTab({ state, selection }: { readonly state: ListedState; readonly selection: Selection }): VNode {
  const place = usePlace();
  const tally = useResource<Tally>(`/deliveries/counts${apiQuery({ ...selection, state })}`, 5_000);
  return (
    <li>
      <a href={linkWith({ ...place, parts: ['deliveries'] }, { state, cursor: null })} aria-current={state === selection.state ? 'true' : undefined}>
        <Shape tone={DELIVERY_TONES[state]} />
        {state} <span class="faint" data-stale={tally.stale}>{tally.data === null ? '' : count(tally.data.count)}</span>
      </a>
    </li>
  );
}
