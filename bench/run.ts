/** `npm run bench`: see help.ts. */
import { MEASURES } from './all-measures.ts';
import { helpText } from './help.ts';
import type { Measure, Result } from './measure.ts';
import { type Options, parseOptions } from './options.ts';
import { report } from './report/report.ts';
import { resultText } from './report/text.ts';
import { Suite } from './suite.ts';

const USAGE = 2;
const INTERRUPTED = 130;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (options.help) {
    process.stdout.write(helpText(MEASURES));
    return 0;
  }
  const unknown = options.measures.filter((wanted) => !MEASURES.some((measure) => isNamed(measure, wanted)));
  if (unknown.length > 0) return refuse(`no measure ${unknown.join(', ')}; there are ${MEASURES.map(({ name }) => name).join(', ')}`);
  return runAll(options);
}

async function runAll(options: Options): Promise<number> {
  const starting = Suite.start(options);
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    say('interrupted: ends what was started');
    // What the measure waits for fails then.
    void starting.then((suite) => suite.close());
  };
  // The second time the process ends as it does by itself.
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const suite = await starting;
  const wanted = MEASURES.filter((measure) => isWanted(measure, options));
  const results = new Map<string, Result>();
  for (const measure of wanted) {
    if (isInterrupted) break;
    const result = await runOne(suite, measure).catch((error: unknown) => {
      if (!isInterrupted) say(`${measure.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return null;
    });
    if (result !== null) results.set(measure.name, result);
    if (!isInterrupted) await suite.clear();
  }
  await suite.close();
  if (isInterrupted) return INTERRUPTED;
  const hasFallen = report(options, results);
  return results.size < wanted.length || hasFallen ? 1 : 0;
}

async function runOne(suite: Suite, measure: Measure): Promise<Result> {
  const began = performance.now();
  say(`${measure.name} …`);
  const result = await measure.run(suite);
  process.stdout.write(resultText(measure, result, (performance.now() - began) / 1000));
  return result;
}

function isWanted(measure: Measure, { measures, quick }: Options): boolean {
  const { isExtra = false, isSlow = false } = measure;
  if (measures.length > 0) return measures.some((wanted) => isNamed(measure, wanted));
  return !isExtra && !(quick && isSlow);
}

/** By its name, or as one of a family: `kafka` is all whose names begin with `kafka-`. */
function isNamed({ name }: Measure, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted}-`);
}

function refuse(why: string): number {
  process.stderr.write(`${why}\nnpm run bench -- --help tells more\n`);
  return USAGE;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
