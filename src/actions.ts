import type { BulkAction, Selection } from './operations.ts';

/**
 * Bulk actions that run by themselves while others look on: a replay of a million dead letters takes minutes. Names and shapes are
 * those of the API's JSON. Times are ISO 8601, UTC.
 */
export interface Actions {
  /**
   * Counts what is selected and begins. What comes after the count is left alone.
   *
   * @throws what `Operations.count` throws, and `actions_busy` if too many run already. Nothing has been done then.
   */
  begin(action: BulkAction, selection: Selection): Promise<ActionReport>;
  /** The latest first; of those that have ended only the last few. */
  list(): readonly ActionReport[];
  /** Throws `unknown_action`; so does the following. */
  show(id: string): ActionReport;
  /** Nothing more is begun; what was done stays done. Throws `action_ended`. */
  cancel(id: string): ActionReport;
}

/** `done`: all that was counted was looked at, though some of it may have been sent, or gone, meanwhile. */
export type ActionState = 'running' | 'done' | 'cancelled' | 'failed';

export interface ActionReport {
  readonly id: string;
  readonly action: BulkAction;
  readonly selection: Selection;
  readonly state: ActionState;
  /** How many deliveries were counted when it began. */
  readonly total: number;
  readonly done: number;
  /** Why it failed, or what it left alone; null: nothing is to be said. */
  readonly message: string | null;
  readonly started_at: string;
  /** Null: it has not ended. */
  readonly ended_at: string | null;
}
