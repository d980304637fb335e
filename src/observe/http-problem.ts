import { EXIT, WalhookError } from '../errors.ts';

export type ProblemStatus = keyof typeof TITLES;

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

/** Headers of every answer. */
export const EVERY_ANSWER = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

export interface ProblemExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** What the problem says besides: https://www.rfc-editor.org/rfc/rfc9457#name-extension-members */
  readonly members?: object;
}

/** https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(status: ProblemStatus, detail: string, extras: ProblemExtras = {}): Response {
  const { body, headers } = problemText(status, detail, extras);
  return new Response(body, { status, headers });
}

/** The same as text. */
export function problemText(status: ProblemStatus, detail: string, { headers = {}, members = {} }: ProblemExtras = {}): { readonly body: string; readonly headers: Record<string, string> } {
  return {
    body: JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail, ...members }),
    headers: { 'Content-Type': 'application/problem+json', ...EVERY_ANSWER, ...headers },
  };
}

/** Places of what is wrong, as errors of drafts and of the configuration have them. */
function placesOf(error: WalhookError): object {
  if (!('problems' in error) || !Array.isArray(error.problems)) return {};
  const places: readonly unknown[] = error.problems;
  return { errors: places.map(placeOf) };
}

/** Not the source line: whoever asks has it, or is not to have it. */
function placeOf(given: unknown): object {
  const { line, column, path, message }: { readonly line?: unknown; readonly column?: unknown; readonly path?: unknown; readonly message?: unknown } = typeof given === 'object' && given !== null ? given : {};
  return { line, column, path, message };
}

/** An answer for an error that is the asker's, or that passes; null for one that only the log may have. */
export function problemOf(error: unknown): Response | null {
  if (!(error instanceof WalhookError)) return null;
  const status = STATUS[error.code] ?? (error.exit === EXIT.unavailable ? 503 : null);
  if (status === null) return null;
  // Made for an operator, so without row values and secrets.
  return problem(status, error.message, { members: { code: error.code, hint: error.hint, ...placesOf(error) } });
}

const STATUS: Readonly<Record<string, ProblemStatus>> = {
  unknown_endpoint: 404,
  unknown_hook: 404,
  unknown_table: 404,
  unknown_delivery: 404,
  unknown_backfill: 404,
  backfill_no_key: 422,
  backfill_where: 422,
  backfill_columns: 422,
  backfill_scheduled: 422,
  backfill_table: 422,
  backfill_running: 409,
  backfill_ended: 409,
  unknown_action: 404,
  action_ended: 409,
  actions_busy: 409,
  bad_key: 422,
  not_stored: 422,
  not_configured: 409,
  no_row: 404,
  no_change: 404,
  bad_request: 422,
  bad_draft: 422,
  bad_url: 422,
  no_event: 422,
  expression: 422,
  enrich: 422,
  request: 422,
  no_table: 422,
  no_signing: 409,
  not_active: 409,
  rotating: 409,
  // What a reload refuses.
  bad_config: 422,
  config_missing: 422,
  reload_needs_restart: 409,
  stopping: 503,
  bad_cursor: 400,
  not_running: 503,
  fenced: 503,
  // Another process of the same configuration has it.
  other_role: 409,
  // Nobody has it: there is no database.
  source_is_kafka: 409,
};
