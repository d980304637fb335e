import type { VNode } from 'preact';
import type { HookReport } from '../../../src/inspection.ts';
import type { ChangeList } from '../../../src/traffic.ts';
import { useResource } from '../../api/resource.ts';
import { Choice } from '../../parts/choice.tsx';
import { now } from '../../place/now.ts';
import { go, linkWith, usePlace } from '../../place/place.ts';
import { useStore } from '../../place/store.ts';
import { relative } from '../../text/units.ts';

const OPERATIONS = ['insert', 'update', 'visibility_update', 'delete'];

/** A recent change, a row by its key, or the table's first row. */
export function RowChoice({ hook: { table, key } }: { readonly hook: HookReport }): VNode {
  const place = usePlace();
  const { query } = place;
  const time = useStore(now);
  const { data } = useResource<ChangeList>(`/changes?${new URLSearchParams({ table, limit: '50' })}`, 10_000);
  const set = (changes: Readonly<Record<string, string | null>>): void => go(linkWith(place, changes), 'replace');
  const chosen = query.get('change');
  const changes = (data?.changes ?? []).filter(({ operation }) => operation !== 'truncate');
  const noKey = Object.fromEntries(key.map((column) => [`key.${column}`, null]));
  return (
    <form class="filters" aria-label="row" onSubmit={(event) => event.preventDefault()}>
      <label class="grow">
        <span>a recent change</span>
        <select aria-label="change" value={chosen ?? ''} onChange={(event) => set({ ...noKey, operation: null, change: event.currentTarget.value })}>
          <option value="">{changes.length === 0 ? 'none is in memory' : 'none of them'}</option>
          {chosen === null || changes.some(({ place: one }) => one === chosen) ? null : <option value={chosen}>{chosen}</option>}
          {changes.map((change) => (
            <option key={change.place} value={change.place}>
              {`${change.operation} ${Object.values(change.key ?? {}).join(', ')}, ${relative(Date.parse(change.at), time)}`}
            </option>
          ))}
        </select>
      </label>
      {key.map((column) => (
        <label key={column}>
          <span>or {column}</span>
          <input aria-label={`key ${column}`} value={query.get(`key.${column}`) ?? ''} placeholder="the first row" onChange={(event) => set({ change: null, [`key.${column}`]: event.currentTarget.value })} />
        </label>
      ))}
      {chosen === null ? <Choice name="as" value={query.get('operation')} options={OPERATIONS} none="its first kind" onChoice={(operation) => set({ operation })} /> : null}
    </form>
  );
}
