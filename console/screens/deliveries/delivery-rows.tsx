import type { VNode } from 'preact';
import type { Selection, StoredDelivery, StoredList } from '../../../src/operations.ts';
import { useAct } from '../../api/act.ts';
import { Id } from '../../parts/id.tsx';
import { Raw } from '../../parts/raw.tsx';
import { type Column, Rows } from '../../parts/rows.tsx';
import { State } from '../../parts/state.tsx';
import { Time } from '../../parts/time.tsx';
import { now } from '../../place/now.ts';
import { linkWith, usePlace } from '../../place/place.ts';
import { useStore } from '../../place/store.ts';
import { DELIVERY_TONES } from '../../text/tones.ts';
import { bytes, count, duration } from '../../text/units.ts';
import { filtersIn } from './delivery-query.ts';
import { sendAgain } from './send-again.ts';

interface DeliveryRowsProps {
  readonly list: StoredList;
  readonly stale: boolean;
  readonly selection: Selection;
  readonly onChange: () => void;
}

const EMPTY = {
  dead: 'No dead letters. They appear here after the last attempt failed, or at once where trying again cannot help.',
  parked: 'Nothing is parked. Deliveries wait here while their endpoint does not take them; nothing is lost, and no WAL is held back.',
  delivered: 'No deliveries in the history. The latest are kept in memory; with `history: 7d` in the file, those of a week in the state schema.',
} as const;

/** A page of deliveries, the latest first. */
export function DeliveryRows({ list, stale, selection, onChange }: DeliveryRowsProps): VNode {
  const place = usePlace();
  const { run } = useAct();
  const open = (row: StoredDelivery): string => linkWith({ ...place, parts: ['deliveries', row.id] }, { at: row.endpoint });
  const columns: readonly Column<StoredDelivery>[] = [
    { name: 'state', cell: ({ state }) => <State tone={DELIVERY_TONES[state]}>{state}</State> },
    { name: 'when', cell: ({ delivered_at, died_at, parked_at, committed_at }) => <Time at={delivered_at ?? died_at ?? parked_at ?? committed_at} /> },
    { name: 'id', cell: (row) => <Id id={row.id} /> },
    { name: 'event', cell: (row) => <a href={open(row)}><Raw text={row.table.replace(/^public\./, '')} most={40} /> <span class="faint">{row.operation.replace(/^data_/, '')}</span></a> },
    { name: 'hook', cell: ({ hook }) => <Raw text={hook} most={40} /> },
    { name: 'endpoint', cell: ({ endpoint }) => <Raw text={endpoint} most={40} /> },
    { name: 'attempts', kind: 'number', cell: ({ attempts }) => count(attempts) },
    selection.state === 'delivered'
      ? { name: 'took', kind: 'number', cell: ({ duration_ms: ms }) => duration(ms) }
      : { name: 'cause', kind: 'wide', cell: (row) => <Cause of={row} /> },
    ...(selection.state === 'parked' ? [{ name: 'next', cell: ({ next_at: next }: StoredDelivery) => <Next at={next} /> }] : []),
    { name: 'size', kind: 'number', cell: (row) => bytes(row.bytes) },
    {
      name: '',
      kind: 'action',
      cell: (row) =>
        row.state === 'parked' ? null : (
          <button type="button" class="quiet" data-key="r" title="r" onClick={() => run(() => sendAgain(row, onChange))}>
            send again
          </button>
        ),
    },
  ];
  const from = place.query.get('cursor');
  const many = filtersIn(selection);
  return (
    <>
      <Rows
        label={`${selection.state} deliveries`}
        columns={columns}
        rows={list.deliveries}
        id={({ id, endpoint }) => `${id} ${endpoint}`}
        open={open}
        selected={({ id, endpoint }) => place.parts[1] === id && (place.query.get('at') ?? endpoint) === endpoint}
        stale={stale}
        empty={
          many > 0 ? (
            <>
              No {selection.state} delivery fits the filter. <a href={linkWith({ parts: ['deliveries'], query: new URLSearchParams() }, { state: selection.state })}>Show all that are {selection.state}</a>
            </>
          ) : (
            EMPTY[selection.state]
          )
        }
      />
      <p class="paging">
        <span class="faint">
          {list.deliveries.length} here{many === 0 ? '' : `, ${many} ${many === 1 ? 'filter' : 'filters'}`}
        </span>
        {from === null ? null : <a href={linkWith(place, { cursor: null })}>to the latest</a>}
        {list.next === null ? null : <a href={linkWith(place, { cursor: list.next })}>the next page</a>}
      </p>
    </>
  );
}

/** One that is due waits for those before it, or for its endpoint to answer again. */
function Next({ at }: { readonly at: string | null }): VNode {
  const current = useStore(now);
  return at !== null && Date.parse(at) <= current ? <span class="faint">in its turn</span> : <Time at={at} />;
}

function Cause({ of: { failure, status, message } }: { readonly of: StoredDelivery }): VNode {
  if (failure === null) return <span class="faint">no attempt yet</span>;
  return (
    <span class="clipped">
      {status !== null && message?.includes(String(status)) === true ? null : <b>{status ?? failure} </b>}
      {message === null ? null : <Raw text={message} />}
    </span>
  );
}
