import type { BulkAction, ListedState, Selection, Tally } from '../operations.ts';
import { countOf } from './units.ts';

/** What a bulk action came to. */
export interface BulkReport {
  readonly action: BulkAction;
  readonly selection: Selection;
  readonly tally: Tally;
  readonly dryRun: boolean;
  /** It was stopped before all was done; `of`: how many were counted, null if they were named. */
  readonly cancelled: { readonly of: number | null } | null;
}

/** What the two actions say of themselves. */
export const WORDS: Readonly<Record<BulkAction, { readonly will: string; readonly done: string }>> = {
  replay: { will: 'will be sent again', done: 'will be sent again, in the order of their changes' },
  discard: { will: 'will be forgotten for good', done: 'forgotten' },
};

const NAMES: Readonly<Record<ListedState, readonly [one: string, many: string]>> = {
  dead: ['dead letter', 'dead letters'],
  parked: ['parked delivery', 'parked deliveries'],
  delivered: ['delivery that arrived', 'deliveries that arrived'],
};

/** For people; without the last line break. */
export function bulkText({ action, selection, tally, dryRun, cancelled }: BulkReport): string {
  const { will, done } = WORDS[action];
  const [one] = NAMES[selection.state];
  const lines =
    cancelled !== null
      ? [`cancelled: ${tally.count === 0 ? `nothing was done` : `${bulkSentence(tally, selection.state)} ${done}`}${cancelled.of === null ? '' : `, of ${cancelled.of}`}; the others are as they were`]
      : [tally.count === 0 ? `nothing to ${action}: no ${one} is selected` : `${bulkSentence(tally, selection.state)} ${dryRun ? will.replace('will', 'would') : done}`];
  const left = Object.entries(tally.not_configured).map(([endpoint, count]) => `left as they are: ${count} of ${endpoint}, which the configuration no longer has (walhook discard --endpoint ${endpoint})`);
  return [...lines, ...left].join('\n');
}

/** `3 dead letters of crm`, `5 dead letters (crm 3, erp 2)`. */
export function bulkSentence({ count, endpoints }: Tally, state: ListedState): string {
  const what = countOf(count, ...NAMES[state]);
  const names = Object.keys(endpoints);
  if (names.length === 0) return what;
  return names.length === 1 ? `${what} of ${names[0] ?? ''}` : `${what} (${Object.entries(endpoints).map(([name, n]) => `${name} ${n}`).join(', ')})`;
}
