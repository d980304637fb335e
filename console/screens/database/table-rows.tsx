import type { VNode } from 'preact';
import type { TableReport } from '../../../src/inspection.ts';
import { Raw } from '../../parts/raw.tsx';
import { type Column, Rows } from '../../parts/rows.tsx';
import { State } from '../../parts/state.tsx';
import { link } from '../../place/link.ts';
import { bytes, count } from '../../text/units.ts';

const COLUMNS: readonly Column<TableReport>[] = [
  { name: 'table', cell: ({ name }) => <b><Raw text={name.replace(/^public\./, '')} most={40} /></b> },
  { name: 'state', cell: ({ exists, published }) => <State tone={!exists || !published ? 'dead' : 'ok'}>{!exists ? 'is not there' : published ? 'published' : 'not published'}</State> },
  { name: 'key', cell: ({ key }) => (key.length === 0 ? <span class="faint">none</span> : <Raw text={key.join(', ')} />) },
  { name: 'replica identity', cell: ({ replica_identity: identity }) => (identity === 'nothing' ? <State tone="failing">nothing</State> : (identity ?? '–')) },
  { name: 'rows, about', kind: 'number', cell: ({ rows_estimated: rows }) => count(rows) },
  { name: 'size', kind: 'number', cell: (row) => bytes(row.bytes) },
  { name: 'hooks', kind: 'wide', cell: ({ hooks }) => (hooks.length === 0 ? <span class="faint">none</span> : hooks.map((hook, i) => [i === 0 ? '' : ', ', <a href={link(['hooks', hook])}>{hook}</a>])) },
];

export function TableRows({ tables }: { readonly tables: readonly TableReport[] }): VNode {
  return <Rows label="tables" columns={COLUMNS} rows={tables} id={({ name }) => name} empty="No tables are watched. Hooks name them." />;
}
