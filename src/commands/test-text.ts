import type { TestOutcome } from './hook-test.ts';
import type { Paint } from './pretty-json.ts';
import { printable } from './printable.ts';

/** What `walhook test` found. Names are those of `--json`. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  /** In the file's order. */
  readonly tests: readonly TestResult[];
}

export interface TestResult extends TestOutcome {
  readonly hook: string;
  readonly name: string | null;
  /** Where it stands in the file, 1-based. */
  readonly line: number;
}

/** For people. @param file its name, as it was given */
export function testText({ tests, passed, failed }: TestReport, file: string, paint: Paint): string {
  if (tests.length === 0) return `there are no tests in ${printable(file)}\n`;
  const counts = failed === 0 ? paint('green', `${passed} passed`) : `${paint('red', `${failed} failed`)}, ${passed} passed`;
  return `${[...tests.flatMap((test) => lines(test, file, paint)), '', counts].join('\n')}\n`;
}

function lines({ passed, hook, name, line, operation, message, differences, notes }: TestResult, file: string, paint: Paint): string[] {
  const about = name ?? operation?.replace('data_', '') ?? '';
  const head = `${passed ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', hook)}${about === '' ? '' : `: ${printable(about)}`}  ${paint('dim', `${printable(file)}:${line}`)}`;
  return [
    head,
    ...(message === null ? [] : [`    ${printable(message)}`]),
    ...differences.flatMap(({ path, expected, found }) => [
      `    ${printable(path)}`,
      paint('green', `      expected  ${printable(expected)}`),
      paint('red', `      found     ${found === null ? 'nothing' : printable(found)}`),
    ]),
    ...notes.map((note) => paint('yellow', `    ${printable(note)}`)),
  ];
}
