import type { BulkAction } from '../operations.ts';

/** What somebody did, for the log: names, counts and reasons, never a row's values or a secret. */
export interface AuditLine {
  readonly action: AuditedAction;
  /** What was asked for: the selection, or the endpoint and the reason. */
  readonly selection: object;
  /** Deliveries, or rows of a backfill, that it was about; null where there are none. */
  readonly count: number | null;
}

export type AuditedAction =
  | BulkAction
  | 'cancel_action'
  | 'pause'
  | 'resume'
  | 'test'
  | 'probe'
  | 'rotate'
  | 'end_rotation'
  | 'try'
  | 'reload'
  | 'begin_backfill'
  | 'pause_backfill'
  | 'resume_backfill'
  | 'cancel_backfill';

/** Told of each action, once it is done. */
export type Audit = (line: AuditLine) => void;
