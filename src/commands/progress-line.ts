import type { BackfillReport } from '../backfills.ts';
import { printableLine } from './printable.ts';
import { humanCount, humanDuration } from './units.ts';

/** Columns of the bar, its brackets included. */
const LEAST_BAR = 8;
const MOST_BAR = 42;
const GAP = '  ';
/** Columns of a speed and of a time that is left, mostly. */
const SPEED = '5,234/s'.length;
const LEFT = '10 min left'.length;

/** What a line has, in this order. */
const ORDER = ['name', 'bar', 'percent', 'count', 'speed', 'left', 'note'] as const;
/** What is left out first where a line is too narrow. */
const LEAST_WANTED: readonly Part[] = ['speed', 'name', 'left', 'bar', 'note', 'count'];

type Part = (typeof ORDER)[number];

/**
 * How far a backfill is, on one line of at most `width` columns:
 * `crm-profiles  [=====>      ]   42%    420,000 of ~1,000,000 rows  5,200/s   2 min left`. Numbers keep their places while they grow.
 */
export function progressLine(report: BackfillReport, width: number): string {
  const done = share(report);
  const parts = new Map<Part, string>(
    Object.entries({
      name: report.hook,
      bar: done === null ? '' : bar(done, LEAST_BAR),
      percent: percentText(report).padStart(done === null ? 0 : '100%'.length),
      count: countText(report).padStart(countText({ ...report, rows_done: report.rows_estimated ?? report.rows_done }).length),
      speed: speedText(report).padStart(isTimed(report) ? SPEED : 0),
      left: leftText(report).padStart(isTimed(report) ? LEFT : 0),
      note: noteOf(report),
    }).filter(([, text]) => text !== '') as [Part, string][],
  );
  for (const part of LEAST_WANTED) {
    if (lengthOf(parts) <= width) break;
    // The last one is cut instead.
    if (parts.size > 1) parts.delete(part);
  }
  if (done !== null && parts.has('bar')) parts.set('bar', bar(done, Math.min(MOST_BAR, LEAST_BAR + Math.max(0, width - lengthOf(parts)))));
  return joined(parts).slice(0, Math.max(0, width));
}

/** `420,000 of ~1,000,000 rows`; the estimate is the planner's. */
export function countText({ rows_done, rows_estimated, state }: BackfillReport): string {
  if (state === 'done' || rows_estimated === null) return `${humanCount(rows_done)} ${rows_done === 1 ? 'row' : 'rows'}`;
  return `${humanCount(rows_done)} of ~${humanCount(Math.max(rows_done, rows_estimated))} rows`;
}

/** `42%`, or nothing where it is not known. 100% is only what is done. */
export function percentText(report: BackfillReport): string {
  const done = share(report);
  if (done === null) return '';
  return `${report.state === 'done' ? 100 : Math.min(99, Math.floor(done * 100))}%`;
}

export function speedText({ rows_per_second, state }: BackfillReport): string {
  if (rows_per_second === null || state !== 'running') return '';
  return `${rows_per_second < 10 ? Number(rows_per_second.toFixed(1)) : humanCount(rows_per_second)}/s`;
}

export function leftText({ seconds_left, state }: BackfillReport): string {
  return seconds_left === null || state !== 'running' ? '' : `${humanDuration(Math.max(1, Math.round(seconds_left)) * 1000)} left`;
}

function isTimed({ seconds_left, state }: BackfillReport): boolean {
  return state === 'running' && seconds_left !== null;
}

/** `paused`, `waiting (endpoint crm is paused)`; nothing for one that runs. */
function noteOf({ state, reason }: BackfillReport): string {
  if (state === 'running') return '';
  return reason === null || reason === '' ? state : `${state} (${printableLine(reason, 60)})`;
}

/** 0 to 1; null: not known. */
function share({ rows_done, rows_estimated, state }: BackfillReport): number | null {
  if (state === 'done') return 1;
  if (rows_estimated === null) return null;
  return rows_estimated <= 0 ? 0 : Math.min(1, rows_done / rows_estimated);
}

/** Of characters that every terminal has. */
function bar(done: number, width: number): string {
  const room = width - 2;
  const full = Math.floor(done * room);
  const head = full < room ? '>' : '';
  return `[${'='.repeat(full)}${head}${' '.repeat(room - full - head.length)}]`;
}

function joined(parts: ReadonlyMap<Part, string>): string {
  return ORDER.flatMap((part) => parts.get(part) ?? []).join(GAP);
}

function lengthOf(parts: ReadonlyMap<Part, string>): number {
  return joined(parts).length;
}
