import { stripVTControlCharacters } from 'node:util';
import { WalhookError } from '../errors.ts';
import { type StatusReport, statusText } from './status-text.ts';
import { aborted, pause } from './stopping.ts';
import { humanDuration } from './units.ts';

/** Where it is shown. */
export interface LiveScreen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface WatchStatusOptions {
  /** Throws a WalhookError when neither daemon nor database answers: both may be back at the next look. */
  readonly look: () => Promise<StatusReport>;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** A line of JSON for each look. */
  readonly json: boolean;
  readonly screen: LiveScreen;
  readonly stop: AbortSignal;
}

/** What is shown of one look. */
type Look = { readonly report: StatusReport } | { readonly failure: WalhookError };

/** Shows the status again and again until `stop` is aborted: in place on a terminal, one block or line after the other elsewhere. */
export async function watchStatus({ look, interval, json, screen, stop }: WatchStatusOptions): Promise<void> {
  const view = json ? jsonLines(screen) : screen.isTTY === true ? inPlace(screen, interval) : blocks(screen);
  const stopped = aborted(stop);
  try {
    while (!stop.aborted) {
      const seen = await Promise.race([lookOnce(look), stopped]);
      if (seen === null) break;
      view.show(seen, Date.now());
      await pause(interval, stop);
    }
  } finally {
    view.end();
  }
}

async function lookOnce(look: () => Promise<StatusReport>): Promise<Look> {
  try {
    return { report: await look() };
  } catch (failure) {
    if (failure instanceof WalhookError) return { failure };
    throw failure;
  }
}

interface View {
  show(look: Look, now: number): void;
  end(): void;
}

function jsonLines(screen: LiveScreen): View {
  return {
    show: (look, now) => {
      const told = 'report' in look ? look.report : { error: look.failure.message, code: look.failure.code };
      screen.write(`${JSON.stringify({ at: new Date(now).toISOString(), ...told })}\n`);
    },
    end: () => undefined,
  };
}

function blocks(screen: LiveScreen): View {
  return {
    show: (look, now) => void screen.write(`${new Date(now).toISOString()}\n${lookText(look, now)}\n`),
    end: () => undefined,
  };
}

const HOME = '\u001b[H';
const CLEAR = '\u001b[2J';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** Like `top`: what is there is written over, so that nothing flickers. */
function inPlace(screen: LiveScreen, interval: number): View {
  let begun = false;
  return {
    show: (look, now) => {
      const { columns = 80, rows = 24 } = screen;
      const head = `walhook status, every ${humanDuration(interval)}, ${new Date(now).toISOString().slice(11, 19)} UTC; Ctrl-C ends it`;
      const all = [head, '', ...lookText(look, now).trimEnd().split('\n')];
      const room = Math.max(1, rows - 1);
      const lines = all.length <= room ? all : [...all.slice(0, room - 1), '…'];
      const drawn = lines.map((line) => `${cut(line, Math.max(1, columns - 1))}${CLEAR_LINE}`).join('\n');
      screen.write(`${begun ? HOME : `${HIDE_CURSOR}${CLEAR}${HOME}`}${drawn}\n${CLEAR_BELOW}`);
      begun = true;
    },
    end: () => {
      if (begun) screen.write(SHOW_CURSOR);
    },
  };
}

function lookText(look: Look, now: number): string {
  if ('report' in look) return statusText(look.report, now);
  return `neither the daemon nor the database answers: ${look.failure.message}\n`;
}

/** At most `width` characters that can be seen; colours do not count, and are ended. */
export function cut(line: string, width: number): string {
  if (stripVTControlCharacters(line).length <= width) return line;
  let seen = 0;
  let out = '';
  // oxlint-disable-next-line no-control-regex -- the escape is what is looked for
  for (const [piece] of line.matchAll(/\u001b\[[0-9;]*m|[^\u001b]/gu)) {
    if (piece.startsWith('\u001b')) {
      out += piece;
    } else if (seen < width) {
      seen += piece.length;
      out += piece;
    }
  }
  return out;
}
