import { type Change, commitTimestamp, TEXT, type Tuple, UNCHANGED } from '../change.ts';
import { formatLsn } from '../lsn.ts';
import type { ChangeReport } from '../traffic.ts';
import type { KeptChange, TracedTable } from './change-ring.ts';

/** A change without its values but the key's, and of these none that is hidden. */
export function changeReport({ change, traced, deliveries }: KeptChange): ChangeReport {
  const { transaction, kind, relation } = change;
  return {
    place: placeOf(change),
    at: new Date(commitTimestamp(transaction)).toISOString(),
    commit_lsn: formatLsn(transaction.commitLsn),
    xid: transaction.xid,
    table: `${relation.schema}.${relation.table}`,
    operation: kind,
    key: keyOf(change, traced),
    changed: changedIn(change, traced),
    deliveries,
  };
}

/** See ChangeReport. */
function placeOf({ transaction, tableOrdinal, relation }: Change): string {
  return `${transaction.commitLsn.toString(16).padStart(16, '0')}-${tableOrdinal}-${relation.oid}`;
}

/** What a place names; null if it is none. */
export function parsePlace(place: string): { readonly commitLsn: bigint; readonly tableOrdinal: number; readonly oid: number } | null {
  const match = /^([0-9a-f]{16})-(\d{1,15})-(\d{1,10})$/.exec(place);
  return match === null ? null : { commitLsn: BigInt(`0x${match[1]}`), tableOrdinal: Number(match[2]), oid: Number(match[3]) };
}

/** The change that a webhook-id was made of, as far as the id tells; null if it is none of the stream's. */
export function parseId(id: string): { readonly commitLsn: bigint; readonly tableOrdinal: number } | null {
  const match = /^([0-9a-f]{16})(?:-t\d{1,10})?-(\d{1,15})-[iuvdt]-[0-9a-f]{16}$/.exec(id);
  return match === null ? null : { commitLsn: BigInt(`0x${match[1]}`), tableOrdinal: Number(match[2]) };
}

function keyOf(change: Change, { table, hiddenIn }: TracedTable): ChangeReport['key'] {
  const row = change.row ?? change.old;
  if (row === null) return null;
  const hidden = hiddenIn(change, row);
  return Object.fromEntries(
    table.key.map((column) => {
      const name = table.relation.columns[column]?.name ?? '';
      return [name, hidden?.[column] === 1 ? table.redacted : textOf(row, column)];
    }),
  );
}

function changedIn(change: Change, { table, hiddenIn }: TracedTable): string[] | null {
  const { row, old } = change;
  if (row === null || old === null || change.oldIsKey) return null;
  const hidden = hiddenIn(change, row);
  return table.relation.columns.filter((_, column) => table.flag[column] !== 1 && hidden?.[column] !== 1 && differs(row, old, column)).map(({ name }) => name);
}

function differs(row: Tuple, old: Tuple, column: number): boolean {
  if (row.kind[column] === UNCHANGED) return false;
  if (row.kind[column] !== old.kind[column]) return true;
  if (row.kind[column] !== TEXT) return false;
  const text = ({ bytes, start, end }: Tuple): Buffer => bytes.subarray(start[column], end[column]);
  return !text(row).equals(text(old));
}

function textOf({ bytes, kind, start, end }: Tuple, column: number): string | null {
  return kind[column] === TEXT ? bytes.toString('utf8', start[column], end[column]) : null;
}
