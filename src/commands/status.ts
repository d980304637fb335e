import { parseDuration } from '../config/units.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Verb } from './command.ts';
import { untilStopped } from './stopping.ts';
import { readConfig } from './read-config.ts';
import { statusReport } from './status-report.ts';
import { statusText } from './status-text.ts';
import { watchStatus } from './watch-status.ts';

/** Milliseconds between two looks of `--watch`. */
const LEAST = 200;
const MOST = 3_600_000;

/** `walhook status`: once, or again and again. */
export const status: Verb = async ({ options, stop }) => {
  const { json = false, watch = false } = options;
  const interval = intervalOf(options.interval, watch);
  const config = readConfig(options.config);
  if (watch) {
    await watchStatus({ look: () => statusReport(config), interval, json, screen: process.stdout, stop });
    return EXIT.ok;
  }
  const report = await untilStopped(statusReport(config), stop);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : statusText(report, Date.now()));
  return report.daemon === null ? EXIT.failure : EXIT.ok;
};

function intervalOf(text: string | undefined, watch: boolean): number {
  if (text === undefined) return 2_000;
  if (!watch) throw usage('--interval goes with --watch');
  const ms = parseDuration(text);
  if (ms === null || ms < LEAST || ms > MOST) throw usage('--interval: expected a time from 200ms to 1h, as in 2s');
  return ms;
}

function usage(message: string): WalhookError {
  return new WalhookError(message, { code: 'usage', hint: 'walhook status --help', exit: EXIT.usage });
}
