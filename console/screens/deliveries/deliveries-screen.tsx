import type { VNode } from 'preact';
import type { StoredList } from '../../../src/operations.ts';
import { useResource } from '../../api/resource.ts';
import { usePlace } from '../../place/place.ts';
import { Waiting } from '../../parts/waiting.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { DeliveryDrawer } from './delivery-drawer.tsx';
import { DeliveryFilters } from './delivery-filters.tsx';
import { apiQuery, selectionOf } from './delivery-query.ts';
import { DeliveryRows } from './delivery-rows.tsx';
import { StateTabs } from './state-tabs.tsx';

const PAGE = '50';

/** Where is my event? */
export function DeliveriesScreen(): VNode {
  const { parts, query } = usePlace();
  const [, id] = parts;
  const selection = selectionOf(query);
  const cursor = query.get('cursor');
  const list = useResource<StoredList>(`/deliveries${apiQuery(selection, { limit: PAGE, cursor })}`, cursor === null ? 5_000 : 0);
  return (
    <>
      <h1>Deliveries</h1>
      <StateTabs selection={selection} />
      <DeliveryFilters />
      <BulkBar selection={selection} onDone={list.reload} />
      <Waiting of={list} what="the deliveries" />
      {list.data === null ? null : <DeliveryRows list={list.data} stale={list.stale} selection={selection} onChange={list.reload} />}
      {id === undefined ? null : <DeliveryDrawer key={id} id={id} onChange={list.reload} />}
    </>
  );
}
