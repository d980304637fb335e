import type { VNode } from 'preact';
import type { ChangeList } from '../../../src/traffic.ts';
import { useResource } from '../../api/resource.ts';
import { Choice } from '../../parts/choice.tsx';
import { useFacts } from '../../parts/facts.tsx';
import { State } from '../../parts/state.tsx';
import { go, linkWith, usePlace } from '../../place/place.ts';
import { count } from '../../text/units.ts';
import { type LiveEntry, useLiveFeed } from './live-feed.ts';
import { LiveRows } from './live-rows.tsx';

const FEEDS = {
  connecting: { tone: 'waiting', words: 'connecting' },
  open: { tone: 'ok', words: 'live' },
  lost: { tone: 'failing', words: 'the stream broke off, asking again' },
} as const;
const OPERATIONS = ['insert', 'update', 'delete', 'truncate'];

/** Changes and attempts as they happen. What is frozen, and every filter, is in the URL. */
export function LiveScreen(): VNode {
  const place = usePlace();
  const { endpoints, hooks } = useFacts();
  const { query } = place;
  const frozen = query.get('frozen') === 'yes';
  const asked = new URLSearchParams(['table', 'hook', 'endpoint', 'operation'].flatMap((name) => (query.get(name) ? [[name, query.get(name) ?? '']] : [])));
  const feed = useLiveFeed(asked.size === 0 ? '' : `?${asked}`, frozen);
  const set = (changes: Readonly<Record<string, string | null>>): void => go(linkWith(place, changes), 'replace');

  // What was there before the page was opened, so that it does not begin empty.
  const before = useResource<ChangeList>(`/changes?${new URLSearchParams([...asked].filter(([name]) => name === 'table' || name === 'operation'))}`.replace(/\?$/, ''));
  const isOfHook = query.get('hook') !== null || query.get('endpoint') !== null;
  const earlier: readonly LiveEntry[] = isOfHook ? [] : (before.data?.changes ?? []).map((change, i) => ({ id: -1 - i, item: { type: 'change', change } }));
  const text = (query.get('text') ?? '').toLowerCase();
  const seen = new Set(feed.entries.flatMap(({ item }) => (item.type === 'change' ? [item.change.place] : [])));
  const entries = [...feed.entries, ...earlier.filter(({ item }) => item.type === 'change' && !seen.has(item.change.place))].filter(({ item }) => text === '' || JSON.stringify(item).toLowerCase().includes(text));
  const all = hooks.data?.hooks ?? [];
  return (
    <>
      <h1>Live</h1>
      <form class="filters" aria-label="filters" onSubmit={(event) => event.preventDefault()}>
        <button type="button" class={`button ${frozen ? 'main' : ''}`} data-key="p" aria-pressed={frozen} onClick={() => set({ frozen: frozen ? null : 'yes' })}>
          {frozen ? 'Go on' : 'Freeze'}
        </button>
        <Choice name="table" value={query.get('table')} options={[...new Set(all.map(({ table }) => table))]} onChoice={(table) => set({ table })} />
        <Choice name="hook" value={query.get('hook')} options={all.map(({ name }) => name)} onChoice={(hook) => set({ hook })} />
        <Choice name="endpoint" value={query.get('endpoint')} options={(endpoints.data?.endpoints ?? []).map(({ name }) => name)} onChoice={(endpoint) => set({ endpoint })} />
        <Choice name="operation" value={query.get('operation')} options={OPERATIONS} onChoice={(operation) => set({ operation })} />
        <label>
          <span>text</span>
          <input type="search" aria-label="text" value={query.get('text') ?? ''} placeholder="key, id, error …" onInput={(event) => set({ text: event.currentTarget.value })} />
        </label>
      </form>
      <p class="live-state" role="status" data-test="live-state">
        {frozen ? <State tone="waiting">frozen{feed.held === 0 ? '' : `, ${count(feed.held)} new`}</State> : <State tone={FEEDS[feed.state].tone}>{FEEDS[feed.state].words}</State>}
        <span class="faint">
          {count(entries.length)} shown{feed.skipped === 0 ? '' : `, ${count(feed.skipped)} not: too many at once`}
        </span>
      </p>
      <LiveRows entries={entries} />
    </>
  );
}
