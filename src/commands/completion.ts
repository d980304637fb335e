import { didYouMean } from '../closest.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Verb } from './command.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { completedCommands, NAME_KINDS, SHELLS } from './completion-model.ts';
import { completionNames } from './completion-names.ts';
import { zshCompletion } from './completion-zsh.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `walhook completion SHELL`: the script; with `endpoints`, `hooks` or `tables`, the names that the scripts ask for. */
export const completion: Verb = async ({ arguments: [what = ''], options }) => {
  const kind = NAME_KINDS.find((one) => one === what);
  const shell = SHELLS.find((one) => one === what);
  if (kind !== undefined) process.stdout.write(completionNames(kind, options.config).map((name) => `${name}\n`).join(''));
  else if (shell !== undefined) process.stdout.write(SCRIPTS[shell](completedCommands()));
  else throw new WalhookError(`there is no completion for ${JSON.stringify(what)}${didYouMean(what, SHELLS)}`, { code: 'usage', hint: `one of ${SHELLS.join(', ')}`, exit: EXIT.usage });
  return EXIT.ok;
};
