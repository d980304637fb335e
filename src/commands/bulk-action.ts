import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { type BulkAction, MOST_IDS, type Selection, type Tally } from '../operations.ts';
import type { Invocation } from './command.ts';
import { confirm } from './confirm.ts';
import { withOperations } from './open-operations.ts';
import { readConfig } from './read-config.ts';
import { narrowing } from './selecting.ts';
import { print } from './terminal.ts';
import { countOf } from './units.ts';

/** What the two actions say of themselves. */
const WORDS = {
  replay: { will: 'will be sent again', done: 'will be sent again, in the order of their changes' },
  discard: { will: 'will be forgotten for good', done: 'forgotten' },
} as const;

/**
 * `replay` and `discard`. What is named by id is acted on at once. What a filter finds is counted first, and acted on
 * after a yes; then what was counted is meant, not what has come since.
 */
export async function bulkAction(action: BulkAction, { arguments: ids, options }: Invocation): Promise<ExitCode> {
  const selection = selectionOf(action, { arguments: ids, options });
  const config = readConfig(options.config);
  const { json = false, yes = false, dryRun = false } = options;
  return withOperations(config, { writes: !dryRun }, async (operations) => {
    const isNamed = selection.ids !== undefined;
    const counted = isNamed && !dryRun ? null : await operations.count(action, selection);
    if (dryRun || counted?.count === 0) {
      report({ action, tally: counted ?? NOTHING, selection, json, dryRun: true });
      return EXIT.ok;
    }
    if (counted !== null && !yes && !(await confirm(`${sentence(counted, selection)} ${WORDS[action].will}. Go on?`))) {
      print('nothing was done');
      return EXIT.failure;
    }
    const tally = await operations.act(action, counted === null ? selection : { ...selection, before: counted.as_of });
    report({ action, tally, selection, json, dryRun: false });
    return EXIT.ok;
  });
}

const NOTHING: Tally = { count: 0, endpoints: {}, not_configured: {}, as_of: '' };

function selectionOf(action: BulkAction, { arguments: ids, options }: Pick<Invocation, 'arguments' | 'options'>): Selection {
  const narrowed = narrowing(options);
  const { all = false, parked = false } = options;
  const usage = (message: string): WalhookError => new WalhookError(message, { code: 'usage', hint: `walhook ${action} --help`, exit: EXIT.usage });
  if (ids.length > MOST_IDS) throw usage(`more than ${MOST_IDS} ids at once`);
  if (all && ids.length > 0) throw usage('--all, or ids: both make no sense');
  if (!all && ids.length === 0 && Object.keys(narrowed).length === 0) throw usage('which ones? Ids, --endpoint, --hook, --table, or --all');
  return { state: parked ? 'parked' : 'dead', ...narrowed, ...(ids.length > 0 ? { ids: [...new Set(ids)] } : {}) };
}

function report({ action, tally, selection, json, dryRun }: { readonly action: BulkAction; readonly tally: Tally; readonly selection: Selection; readonly json: boolean; readonly dryRun: boolean }): void {
  if (json) {
    print(JSON.stringify({ action, dry_run: dryRun, ...tally }, null, 2));
    return;
  }
  const { will, done } = WORDS[action];
  if (tally.count === 0) print(`nothing to ${action}: no ${selection.state === 'dead' ? 'dead letter' : 'parked delivery'} is selected`);
  else print(`${sentence(tally, selection)} ${dryRun ? will.replace('will', 'would') : done}`);
  for (const [endpoint, count] of Object.entries(tally.not_configured)) {
    print(`left as they are: ${count} of ${endpoint}, which the configuration no longer has (walhook discard --endpoint ${endpoint})`);
  }
}

/** `3 dead letters of crm`, `5 dead letters (crm 3, erp 2)`. */
function sentence({ count, endpoints }: Tally, { state }: Selection): string {
  const what = state === 'dead' ? countOf(count, 'dead letter', 'dead letters') : countOf(count, 'parked delivery', 'parked deliveries');
  const names = Object.keys(endpoints);
  return names.length === 1 ? `${what} of ${names[0] ?? ''}` : `${what} (${Object.entries(endpoints).map(([name, n]) => `${name} ${n}`).join(', ')})`;
}
