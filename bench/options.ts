import { parseArgs } from 'node:util';

export interface Options {
  /** The names of the measures to run; empty: all that are not extra. */
  readonly measures: readonly string[];
  readonly quick: boolean;
  /** Rows of a backlog. The memory of a million is measured with 10/3 as many. */
  readonly rows: number;
  readonly rounds: number;
  /** Seconds that a steady load lasts. */
  readonly seconds: number;
  /** Writes the results to this file; null: to none. */
  readonly json: string | null;
  /** Writes the page, its plots and the ratios that later runs are compared with. */
  readonly write: boolean;
  readonly help: boolean;
}

const FULL = { rows: 300_000, rounds: 3, seconds: 10 };
const QUICK = { rows: 30_000, rounds: 3, seconds: 3 };

/** Throws an Error that says what is wrong with the arguments. */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const size = values.quick ? QUICK : FULL;
  return {
    measures: positionals,
    quick: values.quick,
    rows: natural('--rows', values.rows, { otherwise: size.rows, least: 1_000 }),
    rounds: natural('--rounds', values.rounds, { otherwise: size.rounds, least: 1 }),
    seconds: natural('--seconds', values.seconds, { otherwise: size.seconds, least: 1 }),
    json: values.json ?? null,
    write: values.write,
    help: values.help,
  };
}

/** The command that has these options: those of them that decide what is measured. */
export function commandText({ measures, quick, rows, rounds, seconds }: Options): string {
  const size = quick ? QUICK : FULL;
  const given = [
    ...measures,
    ...(quick ? ['--quick'] : []),
    ...(rows === size.rows ? [] : [`--rows ${rows}`]),
    ...(rounds === size.rounds ? [] : [`--rounds ${rounds}`]),
    ...(seconds === size.seconds ? [] : [`--seconds ${seconds}`]),
  ];
  return given.length === 0 ? 'npm run bench' : `npm run bench -- ${given.join(' ')}`;
}

function natural(name: string, text: string | undefined, { otherwise, least }: { otherwise: number; least: number }): number {
  if (text === undefined) return otherwise;
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isInteger(value) || value < least) throw new Error(`${name} ${text}: a whole number from ${least} on is wanted`);
  return value;
}
