import { EXIT, WalhookError } from '../errors.ts';
import { atTerminal } from './terminal-questions.ts';

/**
 * Asks at the terminal; only a yes is a yes.
 *
 * @param json what is printed is for a program, so that no question may stand in it.
 * @throws WalhookError `confirmation_needed` where nobody can be asked.
 */
export async function confirm(question: string, { json }: { readonly json: boolean }): Promise<boolean> {
  if (json || !canAsk()) {
    throw new WalhookError(`${question} Nothing was done: ${json ? 'with --json nobody is asked' : 'there is no terminal to ask at'}`, {
      code: 'confirmation_needed',
      hint: '--yes does it without asking; --dry-run only counts',
      exit: EXIT.usage,
    });
  }
  return (await yesOrNo(question)) === true;
}

/** True where somebody is at a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/** Asks at the terminal; whatever is no yes is a no. Null: Ctrl-C or Ctrl-D, so there is no answer. */
export async function yesOrNo(question: string): Promise<boolean | null> {
  const answer = await atTerminal((ask) => ask(`${question} [y/N] `));
  return answer === null ? null : /^\s*y(?:es)?\s*$/i.test(answer);
}
