import type { BackfillOperations, BackfillReport } from '../backfills.ts';
import { WalhookError } from '../errors.ts';
import { progressLine } from './progress-line.ts';
import { pause } from './stopping.ts';

/** Milliseconds between two looks: where a bar is drawn, and where lines are written. */
const DRAWING = 400;
const WRITING = 1_000;
/** A line now and then, in milliseconds, where nobody looks at a bar. */
const LINE_INTERVAL = 10_000;
/** Columns of a line that is no bar. */
const LINE_WIDTH = 200;
/** For so long a daemon may not answer: it starts again, or another one takes over. Milliseconds. */
const PATIENCE = 60_000;

/** Where progress is shown. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Time, for tests in place of the process' own. Milliseconds. */
export interface Clock {
  now(): number;
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export interface WatchOptions {
  readonly backfills: Pick<BackfillOperations, 'show'>;
  /** Null: nothing is shown. */
  readonly screen: Screen | null;
  /** Ends the watching, not the backfill. */
  readonly stop: AbortSignal;
  readonly clock?: Clock;
}

const CLOCK: Clock = { now: () => performance.now(), pause };

/**
 * Shows how a backfill comes on until it has ended or `stop` is aborted: a bar on a terminal, a line now and then elsewhere.
 * Gives what it was at last.
 *
 * @throws WalhookError what the daemon says, and `daemon_silent` or `not_running` once it has not answered for a minute.
 */
export async function watchBackfill(begun: BackfillReport, { backfills, screen, stop, clock = CLOCK }: WatchOptions): Promise<BackfillReport> {
  const view = screen === null ? NO_VIEW : screen.isTTY === true ? bar(screen) : lines(screen, clock);
  let report = begun;
  let silentSince: number | null = null;
  try {
    view.show(report);
    while (!hasEnded(report)) {
      await clock.pause(view.interval, stop);
      if (stop.aborted) break;
      try {
        report = await backfills.show(begun.id);
        silentSince = null;
        view.show(report);
      } catch (error) {
        silentSince ??= clock.now();
        if (!passes(error) || clock.now() - silentSince >= PATIENCE) throw error;
        view.silent(report);
      }
    }
    return report;
  } finally {
    view.end();
  }
}

export function hasEnded({ state }: BackfillReport): boolean {
  return state === 'done' || state === 'cancelled' || state === 'failed';
}

/** True for a daemon that may be back in a moment: what it has stored goes on then. */
function passes(error: unknown): boolean {
  return error instanceof WalhookError && PASSING.has(error.code);
}

const PASSING: ReadonlySet<string> = new Set(['daemon_silent', 'not_running', 'fenced', 'state_unavailable']);

interface View {
  readonly interval: number;
  show(report: BackfillReport): void;
  /** The daemon does not answer. */
  silent(report: BackfillReport): void;
  end(): void;
}

const NO_VIEW: View = { interval: WRITING, show: () => undefined, silent: () => undefined, end: () => undefined };
const SILENT = 'the daemon does not answer';

/** One line that is drawn again and again. */
function bar(screen: Screen): View {
  // The last column stays free: some terminals break the line when it is written to.
  const draw = (report: BackfillReport): void => void screen.write(`\r\u001b[2K${progressLine(report, (screen.columns ?? 80) - 1)}`);
  return {
    interval: DRAWING,
    show: draw,
    silent: (report) => draw({ ...report, state: 'waiting', reason: SILENT }),
    end: () => void screen.write('\n'),
  };
}

/** A line when the state changes, and now and then. */
function lines(screen: Screen, clock: Clock): View {
  let state: string | null = null;
  let last = 0;
  const say = (report: BackfillReport): void => {
    const isNews = `${report.state} ${report.reason ?? ''}` !== state;
    if (!isNews && clock.now() - last < LINE_INTERVAL) return;
    state = `${report.state} ${report.reason ?? ''}`;
    last = clock.now();
    screen.write(`${progressLine(report, LINE_WIDTH).replaceAll(/\[[=> ]*\]/g, '').replaceAll(/ {2,}/g, '  ')}\n`);
  };
  return {
    interval: WRITING,
    show: say,
    silent: (report) => say({ ...report, state: 'waiting', reason: SILENT }),
    end: () => undefined,
  };
}
