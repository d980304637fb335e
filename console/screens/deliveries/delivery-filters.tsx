import type { VNode } from 'preact';
import { useFacts } from '../../parts/facts.tsx';
import { go, linkWith, usePlace } from '../../place/place.ts';
import { isoOf, localOf } from '../../text/local-time.ts';
import { Choice } from '../../parts/choice.tsx';

/** What narrows the list down. All of it is in the URL. */
export function DeliveryFilters(): VNode {
  const place = usePlace();
  const { endpoints, hooks } = useFacts();
  const { query } = place;
  const all = hooks.data?.hooks ?? [];
  const tables = [...new Set(all.map(({ table }) => table))];
  const table = query.get('table') ?? '';
  const key = all.find((hook) => hook.table === table || hook.table === `public.${table}`)?.key ?? [];
  const set = (changes: Readonly<Record<string, string | null>>): void => go(linkWith(place, { cursor: null, ...changes }));
  const noKey = Object.fromEntries([...query.keys()].filter((name) => name.startsWith('key.')).map((name) => [name, null]));
  const filtered = [...query.keys()].some((name) => !['state', 'cursor', 'at'].includes(name));
  return (
    <form class="filters" aria-label="filters" onSubmit={(event) => event.preventDefault()}>
      <Choice name="endpoint" value={query.get('endpoint')} options={(endpoints.data?.endpoints ?? []).map(({ name }) => name)} onChoice={(endpoint) => set({ endpoint })} />
      <Choice name="hook" value={query.get('hook')} options={all.map(({ name }) => name)} onChoice={(hook) => set({ hook })} />
      <Choice name="table" value={table} options={tables} onChoice={(next) => set({ ...noKey, table: next })} />
      {table === ''
        ? null
        : key.map((column) => (
            <label key={`${table}.${column}`}>
              <span>{column}</span>
              <input aria-label={`key ${column}`} value={query.get(`key.${column}`) ?? ''} placeholder="any" onChange={(event) => set({ [`key.${column}`]: event.currentTarget.value })} />
            </label>
          ))}
      <label>
        <span>since</span>
        <input type="datetime-local" step="1" aria-label="since" value={localOf(query.get('since'))} onChange={(event) => set({ since: isoOf(event.currentTarget.value) })} />
      </label>
      <label>
        <span>until</span>
        <input type="datetime-local" step="1" aria-label="until" value={localOf(query.get('until'))} onChange={(event) => set({ until: isoOf(event.currentTarget.value) })} />
      </label>
      {filtered ? (
        <a class="button" href={linkWith({ parts: ['deliveries'], query: new URLSearchParams() }, { state: query.get('state') })}>
          no filter
        </a>
      ) : null}
    </form>
  );
}
