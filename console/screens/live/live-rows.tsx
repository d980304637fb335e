import type { VNode } from 'preact';
import { Raw } from '../../parts/raw.tsx';
import { type Column, Rows } from '../../parts/rows.tsx';
import { State } from '../../parts/state.tsx';
import { ClockTime } from '../../parts/time.tsx';
import { link } from '../../place/link.ts';
import { duration } from '../../text/units.ts';
import type { LiveEntry } from './live-feed.ts';

const COLUMNS: readonly Column<LiveEntry>[] = [
  { name: 'time', cell: ({ item }) => <ClockTime at={item.type === 'change' ? item.change.at : item.attempt.at} /> },
  { name: 'what', cell: ({ item }) => <span class="faint">{item.type === 'change' ? 'change' : 'delivery'}</span> },
  { name: 'table', cell: ({ item }) => <Raw text={(item.type === 'change' ? item.change.table : item.attempt.table).replace(/^public\./, '')} most={40} /> },
  { name: 'operation', cell: ({ item }) => (item.type === 'change' ? item.change.operation : item.attempt.operation.replace(/^data_/, '')) },
  { name: 'key', cell: ({ item }) => (item.type === 'change' ? <Key of={item.change.key} /> : null) },
  { name: 'hooks', cell: ({ item }) => <Raw text={item.type === 'change' ? [...new Set(item.change.deliveries.map(({ hook }) => hook))].join(', ') || 'none' : `${item.attempt.hook} → ${item.attempt.endpoint}`} most={60} /> },
  { name: 'result', kind: 'wide', cell: (entry) => <Result of={entry} /> },
];

export function LiveRows({ entries }: { readonly entries: readonly LiveEntry[] }): VNode {
  return (
    <Rows
      label="what happens"
      columns={COLUMNS}
      rows={entries}
      id={({ id, item }) => (id > 0 ? String(id) : item.type === 'change' ? item.change.place : String(id))}
      open={whereTo}
      empty="Nothing yet. Changes of watched tables and their deliveries appear here as they happen: write a row."
    />
  );
}

function whereTo({ item }: LiveEntry): string {
  if (item.type === 'attempt') return link(['deliveries', item.attempt.id], { at: item.attempt.endpoint });
  const { deliveries, table, key } = item.change;
  const [first] = deliveries;
  if (first !== undefined) return link(['deliveries', first.id], { at: first.endpoint });
  return link(['deliveries'], { table, ...Object.fromEntries(Object.entries(key ?? {}).map(([name, value]) => [`key.${name}`, value])) });
}

function Key({ of: key }: { readonly of: Readonly<Record<string, string | null>> | null }): VNode {
  if (key === null) return <span class="faint">all rows</span>;
  return <Raw text={Object.values(key).map((value) => value ?? 'null').join(', ')} most={32} />;
}

function Result({ of: { item } }: { readonly of: LiveEntry }): VNode {
  if (item.type === 'change') {
    const { changed, deliveries } = item.change;
    return (
      <span class="clipped faint">
        {deliveries.length === 0 ? 'no hook took it' : `${deliveries.length} to deliver`}
        {changed === null || changed.length === 0 ? null : <>; <Raw text={changed.join(', ')} /></>}
      </span>
    );
  }
  const { result, status, failure, message, duration_ms: ms } = item.attempt;
  return (
    <span class="clipped">
      <State tone={result === 'delivered' ? 'ok' : result === 'dead' ? 'dead' : 'failing'}>
        {result} {status ?? failure}
      </State>{' '}
      <span class="faint">
        {duration(ms)} {message === null ? null : <Raw text={message} />}
      </span>
    </span>
  );
}
