import type { VNode } from 'preact';
import { BulkPart } from '../deliveries/bulk-part.tsx';
import { go, linkWith, usePlace } from '../../place/place.ts';
import { isoOf, localOf } from '../../text/local-time.ts';

/** Sends again all that died since a moment: after an outage. */
export function Recover({ name }: { readonly name: string }): VNode {
  const place = usePlace();
  const iso = place.query.get('since');
  return (
    <section>
      <h3>Recover</h3>
      <div class="actions">
        <label>
          what died since <input type="datetime-local" step="1" aria-label="recover since" value={localOf(iso)} onChange={(event) => go(linkWith(place, { since: isoOf(event.currentTarget.value) }), 'replace')} />
        </label>
      </div>
      {iso === null ? <p class="faint">Say since when the endpoint was out of order: all its dead letters of that time are sent again.</p> : <BulkPart key={iso} action="replay" selection={{ state: 'dead', endpoint: name, since: iso }} />}
    </section>
  );
}
