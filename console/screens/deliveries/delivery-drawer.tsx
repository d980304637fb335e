import type { VNode } from 'preact';
import { useResource } from '../../api/resource.ts';
import type { Deliveries } from '../../api/shapes.ts';
import { Drawer } from '../../parts/drawer.tsx';
import { Id } from '../../parts/id.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { linkWith, usePlace } from '../../place/place.ts';
import { DeliveryDetail } from './delivery-detail.tsx';

/** All that is known of one delivery. An event that went to several endpoints has one for each. */
export function DeliveryDrawer({ id, onChange }: { readonly id: string; readonly onChange: () => void }): VNode {
  const place = usePlace();
  const found = useResource<Deliveries>(`/deliveries/${encodeURIComponent(id)}`, 4_000);
  const all = found.data?.deliveries ?? [];
  const shown = all.find(({ endpoint }) => endpoint === place.query.get('at')) ?? all[0];
  const changed = (): void => {
    found.reload();
    onChange();
  };
  const unknown = found.error?.status === 404;
  return (
    <Drawer title={<>Delivery <Id id={id} /></>} label={`delivery ${id}`} close={linkWith({ ...place, parts: ['deliveries'] }, { at: null })}>
      {unknown ? (
        <p class="empty" data-test="unknown">
          Nothing is kept under this id{all.length > 0 ? ' any more: it arrived and has left the history, or somebody discarded it' : '. It was delivered and has left the history, was discarded, or never was a delivery'}. With <code>history: 7d</code> in the file, deliveries that arrived are kept for a week.
        </p>
      ) : (
        <Waiting of={found} what="the delivery" />
      )}
      {all.length < 2 ? null : (
        <ul class="tabs" aria-label="endpoint">
          {all.map(({ endpoint }) => (
            <li>
              <a href={linkWith(place, { at: endpoint })} aria-current={endpoint === shown?.endpoint ? 'true' : undefined}>
                {endpoint}
              </a>
            </li>
          ))}
        </ul>
      )}
      {shown === undefined ? null : (
        <div data-stale={found.stale}>
          <DeliveryDetail key={shown.endpoint} delivery={shown} onChange={changed} />
        </div>
      )}
    </Drawer>
  );
}
