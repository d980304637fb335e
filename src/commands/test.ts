import type { Config, TestConfig } from '../config.ts';
import { EXIT } from '../errors.ts';
import { ReadOnlyDatabase } from '../source/read-only-database.ts';
import type { Verb } from './command.ts';
import { HookTesting, type TestOutcome } from './hook-test.ts';
import { readConfigWithPlaces } from './read-config.ts';
import { inTurn } from './render-hook.ts';
import { named } from './send-request.ts';
import { paint } from './terminal.ts';
import { type TestReport, testText } from './test-text.ts';
import { withSource } from './with-source.ts';

/** `walhook test [HOOK]`: runs the tests of the configuration. */
export const test: Verb = async ({ arguments: [only], options }) => {
  const { config, places } = readConfigWithPlaces(options.config);
  if (only !== undefined) named('hook', config.hooks, only, 'test');
  const wanted = config.tests.map((one, index) => ({ one, line: places.testLine(index) ?? 0 })).filter(({ one }) => only === undefined || one.hook === only);
  const outcomes = wanted.length === 0 ? [] : await outcomesOf(config, wanted.map(({ one }) => one));
  const tests = wanted.flatMap(({ one: { hook, name }, line }, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? [] : [{ hook, name, line, ...outcome }];
  });
  const passed = tests.filter((one) => one.passed).length;
  const report: TestReport = { passed, failed: tests.length - passed, tests };
  process.stdout.write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : testText(report, options.config, paint));
  return report.failed === 0 ? EXIT.ok : EXIT.failure;
};

function outcomesOf(config: Config, tests: readonly TestConfig[]): Promise<TestOutcome[]> {
  return withSource(config, 'run the tests', async (client) => {
    const database = new ReadOnlyDatabase(config.source.url);
    const testing = new Map<string, HookTesting>();
    try {
      return await inTurn(tests, async (one) => {
        const known = testing.get(one.hook) ?? (await HookTesting.open(named('hook', config.hooks, one.hook, 'test'), { config, client, database }));
        testing.set(one.hook, known);
        return known.run(one);
      });
    } finally {
      await database.close();
    }
  });
}
