import type { BackfillRequest } from '../backfills.ts';
import { didYouMean } from '../closest.ts';
import { parseRate } from '../config/units.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Invocation, OptionValues } from './command.ts';

/** What `walhook backfill …` was told to do. */
export type BackfillCommand =
  | { readonly action: 'start'; readonly request: BackfillRequest; readonly wait: boolean }
  | { readonly action: 'list'; readonly query: { readonly hook?: string; readonly active?: boolean } }
  | { readonly action: 'watch' | 'pause' | 'resume' | 'cancel'; readonly id: string };

/** Which options go with which action, beside those of all commands. */
const OPTIONS: Readonly<Record<BackfillCommand['action'], readonly (keyof OptionValues)[]>> = {
  start: ['where', 'columns', 'rate', 'wait'],
  list: ['hook', 'active'],
  watch: [],
  pause: [],
  resume: [],
  cancel: [],
};

/**
 * `HOOK`, `start HOOK`, `list`, or `watch`, `pause`, `resume` and `cancel` with an id. A hook that bears one of these names is
 * begun by `start HOOK`.
 *
 * @throws WalhookError `usage`.
 */
export function backfillCommand({ arguments: [first = '', second], options }: Pick<Invocation, 'arguments' | 'options'>): BackfillCommand {
  if (!isAction(first)) {
    if (second === undefined) return start(first, options);
    throw usage(`unknown action ${JSON.stringify(first)}${didYouMean(first, Object.keys(OPTIONS))}`);
  }
  refuseOthers(first, options);
  if (first === 'list') {
    if (second !== undefined) throw usage('list takes no argument: --hook lists those of a hook');
    return { action: 'list', query: { ...(options.hook === undefined ? {} : { hook: options.hook }), ...(options.active === true ? { active: true } : {}) } };
  }
  if (second === undefined) throw usage(first === 'start' ? 'start which hook?' : `${first} which backfill? It takes an id, as walhook backfill list prints it`);
  return first === 'start' ? start(second, options) : { action: first, id: second };
}

function start(hook: string, options: OptionValues): BackfillCommand {
  refuseOthers('start', options);
  const { where, columns, rate, wait = true } = options;
  if (where?.trim() === '') throw usage('--where: the condition is missing');
  const names = columns?.flatMap((list) => list.split(',')).map((name) => name.trim());
  if (names?.includes('') === true) throw usage('--columns: expected names with commas between them, as in email,country');
  return {
    action: 'start',
    wait,
    request: {
      hook,
      ...(where === undefined ? {} : { where }),
      ...(names === undefined ? {} : { columns: [...new Set(names)] }),
      ...(rate === undefined ? {} : { rate: rateOf(rate) }),
    },
  };
}

/** Rows a second. */
function rateOf(text: string): number {
  const rate = parseRate(text);
  if (rate !== null && rate > 0) return rate;
  throw usage('--rate: expected a rate such as 500/s, 1000/m or 20000/h');
}

function refuseOthers(action: BackfillCommand['action'], options: OptionValues): void {
  const others = Object.values(OPTIONS).flat().filter((name) => !OPTIONS[action].includes(name));
  // `--no-wait` is true where it is not given.
  const given = others.find((name) => (name === 'wait' ? options.wait === false : options[name] !== undefined));
  if (given === undefined) return;
  throw usage(`--${given === 'wait' ? 'no-wait' : given} does not go with ${action === 'start' ? 'a hook to begin with' : action}`);
}

function isAction(word: string): word is BackfillCommand['action'] {
  return Object.hasOwn(OPTIONS, word);
}

function usage(message: string): WalhookError {
  return new WalhookError(message, { code: 'usage', hint: 'walhook backfill --help', exit: EXIT.usage });
}
