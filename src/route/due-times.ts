import { Cron } from 'croner';
import type { ScheduleConfig } from '../config.ts';

/** When what matches a hook with a schedule is sent: its next time after the commit, whenever that is read. */
export class DueTimes {
  readonly #cron: Cron;
  /** The times between which the last answer holds, in Unix milliseconds. */
  #from = 0;
  #due = 0;

  constructor({ cron, timezone }: ScheduleConfig) {
    this.#cron = new Cron(cron, { mode: '5-part', paused: true, timezone });
  }

  /** @param at of the commit; both in Unix milliseconds */
  after(at: number): number {
    if (at >= this.#from && at < this.#due) return this.#due;
    const next = this.#cron.nextRun(new Date(at));
    // The configuration takes no schedule that never comes.
    if (next === null) throw new Error('the schedule has no next time');
    this.#from = at;
    this.#due = next.getTime();
    return this.#due;
  }
}
