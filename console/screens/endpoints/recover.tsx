import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { BulkPart } from '../deliveries/bulk-part.tsx';
import { isoOf } from '../../text/local-time.ts';

/** Sends again all that died since a moment: after an outage. */
export function Recover({ name }: { readonly name: string }): VNode {
  const [since, setSince] = useState('');
  const iso = isoOf(since);
  return (
    <section>
      <h3>Recover</h3>
      <div class="actions">
        <label>
          what died since <input type="datetime-local" step="1" aria-label="recover since" value={since} onInput={(event) => setSince(event.currentTarget.value)} />
        </label>
      </div>
      {iso === null ? <p class="faint">Say since when the endpoint was out of order: all its dead letters of that time are sent again.</p> : <BulkPart key={iso} action="replay" selection={{ state: 'dead', endpoint: name, since: iso }} />}
    </section>
  );
}
