import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { type BulkAction, type ListedState, MOST_IDS, type Operations, type Selection, type Tally } from '../operations.ts';
import { type BulkReport, bulkSentence, bulkText, WORDS } from './bulk-text.ts';
import type { Invocation, OptionValues } from './command.ts';
import { confirm } from './confirm.ts';
import { withOperations } from './open-operations.ts';
import { readConfig } from './read-config.ts';
import { narrowing } from './selecting.ts';
import { untilStopped } from './stopping.ts';
import { print } from './terminal.ts';
import { humanCount } from './units.ts';

/**
 * `replay` and `discard`. What is named by id is acted on at once. What a filter finds is counted first, and acted on
 * after a yes; then what was counted is meant, not what has come since.
 */
export async function bulkAction(action: BulkAction, invocation: Invocation): Promise<ExitCode> {
  const selection = selectionOf(action, invocation);
  const config = readConfig(invocation.options.config);
  return withOperations(config, { writes: invocation.options.dryRun !== true }, (operations) => actOn(operations, { action, selection, invocation }));
}

export interface BulkWork {
  readonly action: BulkAction;
  readonly selection: Selection;
  readonly invocation: Pick<Invocation, 'options' | 'stop'>;
}

/** Counts, asks, acts, and says what was done. `stop` ends it between two parts of the work: what is done stays done. */
export async function actOn(operations: Operations, { action, selection, invocation: { options, stop } }: BulkWork): Promise<ExitCode> {
  const { json = false, yes = false, dryRun = false } = options;
  const report = (told: BulkReport): void => print(json ? JSON.stringify(jsonOf(told), null, 2) : bulkText(told));
  const counted = selection.ids !== undefined && !dryRun ? null : await untilStopped(operations.count(action, selection), stop);
  if (dryRun || counted?.count === 0) {
    report({ action, selection, tally: counted ?? NOTHING, dryRun: true, cancelled: null });
    return EXIT.ok;
  }
  if (counted !== null && !yes && !(await confirm(`${bulkSentence(counted, selection.state)} ${WORDS[action].will}. Go on?`, { json }))) {
    print('nothing was done');
    return EXIT.failure;
  }
  const screen = process.stderr.isTTY && !json ? process.stderr : null;
  const onDone = (count: number): void => void screen?.write(`\r\u001b[2K${humanCount(count)}${counted === null ? '' : ` of ${humanCount(counted.count)}`} …`);
  const meant = counted === null ? selection : { ...selection, before: earlier(selection.before, counted.as_of) };
  const tally = counted === null || counted.count < WORTH_WATCHING ? await operations.act(action, meant) : whole(await operations.act(action, meant, { onDone, signal: stop }), counted);
  screen?.write('\r\u001b[2K');
  const cancelled = stop.aborted && (counted === null || tally.count < counted.count) ? { of: counted?.count ?? null } : null;
  report({ action, selection, tally, dryRun: false, cancelled });
  return cancelled === null ? EXIT.ok : EXIT.failure;
}

/** Fewer are one part of the work, which nothing stops. */
const WORTH_WATCHING = 1_000;

/** A daemon that did it in the background tells only how many: all that were counted, or some of them. */
function whole(tally: Tally, counted: Tally): Tally {
  if (Object.keys(tally.endpoints).length > 0) return tally;
  return { ...tally, endpoints: tally.count === counted.count ? counted.endpoints : {}, not_configured: counted.not_configured };
}

const NOTHING: Tally = { count: 0, endpoints: {}, not_configured: {}, as_of: '' };

function jsonOf({ action, dryRun, cancelled, tally }: BulkReport): object {
  return { action, dry_run: dryRun, cancelled: cancelled !== null, ...tally };
}

/** What comes after the count is not meant, nor what comes after what was asked for. */
function earlier(given: string | undefined, counted: string): string {
  return given !== undefined && Date.parse(given) < Date.parse(counted) ? given : counted;
}

/** What the options and arguments say. @throws WalhookError `usage` */
export function selectionOf(action: BulkAction, { arguments: ids, options }: Pick<Invocation, 'arguments' | 'options'>): Selection {
  const narrowed = narrowing(options);
  const { all = false } = options;
  const usage = (message: string): WalhookError => new WalhookError(message, { code: 'usage', hint: `walhook ${action} --help`, exit: EXIT.usage });
  if (ids.length > MOST_IDS) throw usage(`more than ${MOST_IDS} ids at once`);
  if (all && ids.length > 0) throw usage('--all, or ids: both make no sense');
  if (!all && ids.length === 0 && Object.keys(narrowed).length === 0) throw usage('which ones? Ids, --endpoint, --hook, --table, --since, --before, or --all');
  return { state: stateOf(options), ...narrowed, ...(ids.length > 0 ? { ids: [...new Set(ids)] } : {}) };
}

/** The choices of the options say which of them an action has. */
function stateOf({ parked = false, state }: OptionValues): ListedState {
  return parked ? 'parked' : state === 'delivered' ? 'delivered' : 'dead';
}
