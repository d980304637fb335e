import { MEASURES } from './all-measures.ts';
import { helpText } from './help.ts';
import type { Result } from './measure.ts';
import { type Options, parseOptions } from './options.ts';
import { report } from './report/report.ts';
import { resultText } from './report/text.ts';
import { Suite } from './suite.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nnpm run bench -- --help tells more\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(helpText(MEASURES));
    return 0;
  }
  const unknown = options.measures.filter((name) => !MEASURES.some((measure) => measure.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`no measure ${unknown.join(', ')}; there are ${MEASURES.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  return run(options);
}

async function run(options: Options): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const suite = await Suite.start(options, say);
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) return;
    interrupted = true;
    say('interrupted: ends what was started');
    void suite.close();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const results = new Map<string, Result>();
  let failures = 0;
  try {
    for (const measure of MEASURES) {
      if (options.measures.length === 0 ? measure.isExtra === true : !options.measures.includes(measure.name)) continue;
      const began = performance.now();
      say(`${measure.name}: ${measure.title} …`);
      try {
        const result = await measure.run(suite);
        results.set(measure.name, result);
        process.stdout.write(resultText(measure, result, (performance.now() - began) / 1000));
      } catch (error) {
        if (interrupted) return 130;
        failures++;
        say(`${measure.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      }
      await suite.clear();
    }
  } finally {
    await suite.close();
  }
  const worse = await report({ options, results });
  return failures > 0 || worse ? 1 : 0;
}
