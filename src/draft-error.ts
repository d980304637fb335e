import { WalhookError } from './errors.ts';
import type { DraftProblem } from './inspection.ts';

/** A draft of a hook that is wrong. */
export class DraftError extends WalhookError {
  /** In the draft's order. */
  readonly problems: readonly DraftProblem[];

  constructor(problems: readonly DraftProblem[]) {
    const [first] = problems;
    super(first === undefined ? 'the draft is wrong' : `the draft is wrong: ${first.line}:${first.column} ${first.path === '' ? '' : `${first.path}: `}${first.message}`, { code: 'bad_draft' });
    this.name = 'DraftError';
    this.problems = problems;
  }
}
