/** Exit codes, after sysexits(3) where one fits. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  checkFailed: 3,
  unavailable: 69,
  notPermitted: 77,
  badConfig: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * What to do about an error while the daemon runs: `retry` (a passing fault: back off and try again) or
 * `stop` (only an operator can help, and going on could lose events).
 */
export type Reaction = 'retry' | 'stop';

export interface WalhookErrorDetails {
  /** A stable snake_case name for the kind of error, for logs, tests and scripts: `wal_level`, `slot_in_use`. */
  readonly code: string;
  /** The SQL or setting that fixes it, ready to be pasted. */
  readonly hint?: string;
  readonly exit?: ExitCode;
  readonly reaction?: Reaction;
  readonly cause?: unknown;
}

/**
 * An error made for an operator: the message says what happened and where, the hint what to do.
 * Neither ever holds a row's values or a secret.
 */
export class WalhookError extends Error {
  readonly code: string;
  readonly hint: string | null;
  readonly exit: ExitCode;
  readonly reaction: Reaction;

  constructor(message: string, details: WalhookErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WalhookError';
    this.code = details.code;
    this.hint = details.hint ?? null;
    this.exit = details.exit ?? EXIT.failure;
    this.reaction = details.reaction ?? 'stop';
  }
}
