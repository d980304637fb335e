import type { Delivery } from '../delivery.ts';
import type { Fate } from '../dispatcher.ts';
import type { Outcome } from '../outcome.ts';
import type { Paint } from './pretty-json.ts';
import { webhookText } from './webhook-text.ts';

/** Characters of a failed attempt's response that are shown. */
const MOST_OF_RESPONSE = 200;

/** An attempt, and what became of it. */
export interface ShownAttempt {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly fate: Fate;
  /** It was tried before: its body need not be shown again. */
  readonly again: boolean;
  /** Where it was sent to; null if `listen` took it itself. */
  readonly forwardTo: string | null;
}

/** An attempt for people. */
export function attemptText({ delivery, outcome, fate, again, forwardTo }: ShownAttempt, paint: Paint): string {
  const { operation, body, id, committedAt } = delivery;
  const table = delivery.table.replace(/^public\./, '');
  const ok = outcome.kind === 'delivered';
  const result = forwardTo === null && ok ? '' : resultText(outcome, fate);
  if (again) return `  ${paint(ok ? 'green' : 'red', '→')}  ${operation}  ${paint('dim', `${table}, tried again`)}  ${paint(ok ? 'dim' : 'red', result)}`;
  const time = paint('dim', `${new Date(committedAt).toLocaleTimeString('en-GB')}  ${id}`);
  return `${time}\n${webhookText({ operation, about: table, body, result, ok }, paint)}\n`;
}

function resultText(outcome: Outcome, fate: Fate): string {
  if (outcome.kind === 'delivered') return `${outcome.status === null ? 'written' : `answered ${outcome.status}`} in ${Math.round(outcome.ms)} ms`;
  // Control characters were taken out where it was read.
  const answer = outcome.response === '' ? '' : `: ${JSON.stringify(outcome.response.slice(0, MOST_OF_RESPONSE))}`;
  return `${outcome.message}${answer}${fate === 'parked' ? '; it will be tried again' : '; given up'}`;
}

/** An attempt as one line of JSON. `event` is the body, digit for digit. */
export function attemptJson({ delivery, outcome, fate, forwardTo }: ShownAttempt): string {
  const { id, operation, table, committedAt, body } = delivery;
  const ms = Math.round(outcome.ms);
  const response =
    outcome.kind === 'delivered'
      ? { status: outcome.status, ms }
      : { status: outcome.status, ms, error: outcome.message, body: outcome.response };
  const line = JSON.stringify({ id, operation, table, committed_at: new Date(committedAt).toISOString(), fate, ...(forwardTo === null ? {} : { response }) });
  return `${line.slice(0, -1)},"event":${body}}`;
}
