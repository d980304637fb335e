import type { BackfillReport } from '../backfills.ts';
import { printableLine } from './printable.ts';
import { countText, leftText, percentText, speedText } from './progress-line.ts';
import { textTable } from './text-table.ts';
import { humanCount, humanDuration } from './units.ts';

/** How much of a reason or a condition a line shows. */
const WHY = 300;

/** Backfills as the lines of a table, and what there is to say of one besides. `now` in Unix milliseconds. */
export function backfillLines(backfills: readonly BackfillReport[], now: number): string[] {
  const head = ['backfill', 'hook', 'table', 'state', 'done', 'rows', 'sent', 'speed', 'left', 'asked for'];
  const rows = backfills.map((one) => [
    one.id,
    one.hook,
    printableLine(one.table, 60),
    one.state,
    percentText(one) || '-',
    countText(one).replace(/ rows?$/, ''),
    humanCount(one.rows_sent),
    speedText(one) || '-',
    leftText(one).replace(/ left$/, '') || '-',
    `${humanDuration(Math.max(0, now - Date.parse(one.requested_at)))} ago`,
  ]);
  return [...textTable([head, ...rows]), ...backfills.flatMap(notes)];
}

function notes({ id, state, reason, where, columns, rate }: BackfillReport): string[] {
  const asked = [
    ...(where === null ? [] : [`where ${printableLine(where, WHY)}`]),
    ...(columns === null ? [] : [`columns ${printableLine(columns.join(', '), WHY)}`]),
    ...(rate === null ? [] : [`at most ${rateText(rate)}`]),
  ];
  return [...(asked.length === 0 ? [] : [`${id}: ${asked.join('; ')}`]), ...(reason === null ? [] : [`${id} ${IS[state]}: ${printableLine(reason, WHY)}`])];
}

const IS: Readonly<Record<BackfillReport['state'], string>> = {
  waiting: 'waits',
  running: 'runs',
  paused: 'is paused',
  done: 'is done',
  cancelled: 'is cancelled',
  failed: 'failed',
};

/** What became of one that has ended. */
export function endText(report: BackfillReport): string {
  const { id, hook, table, state, reason, rows_done, rows_sent } = report;
  const looked = `${rowCount(rows_done)} of ${printableLine(table, 130)} looked at, ${humanCount(rows_sent)} sent to ${hook}`;
  const time = report.started_at === null || report.ended_at === null ? '' : `, in ${humanDuration(Math.max(0, Date.parse(report.ended_at) - Date.parse(report.started_at)))}`;
  if (state === 'done') return `${id} is done: ${looked}${time}`;
  return `${id} ${IS[state]}${reason === null ? '' : ` (${printableLine(reason, WHY)})`}: ${looked}`;
}

function rowCount(count: number): string {
  return `${humanCount(count)} ${count === 1 ? 'row' : 'rows'}`;
}

/** Rows a second as one would write them: `500/s`, `20/m`. */
function rateText(rate: number): string {
  const [amount, unit] = rate >= 1 ? [rate, 's'] : rate * 60 >= 1 ? [rate * 60, 'm'] : [rate * 3_600, 'h'];
  return `${Number(amount.toFixed(2))}/${unit}`;
}
