import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** A tree of its own under the project's lint configuration, so that a rule that no longer bites is found out. */
let tree: string;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'walhook-lint-'));
  for (const path of ['.oxlintrc.json', 'lint', 'tsconfig.json', 'package.json']) {
    cpSync(join(ROOT, path), join(tree, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
});

beforeEach(() => {
  for (const folder of ['src', 'test']) {
    rmSync(join(tree, folder), { recursive: true, force: true });
    mkdirSync(join(tree, folder));
  }
});

afterAll(() => {
  rmSync(tree, { recursive: true });
});

function write(path: string, content: string): void {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

interface LintResult {
  readonly status: number | null;
  readonly output: string;
}

/** Runs what `npm run lint` runs. */
function lint(): LintResult {
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const args = [oxlint, '--type-aware', '--deny-warnings', '--format', 'unix', 'src', 'test'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('npm run lint', () => {
  test('passes a tree that keeps the rules', () => {
    write('src/lsn.ts', 'export const NO_LSN = 0n;\n');
    write('src/queue/port.ts', "import { NO_LSN } from '../lsn.ts';\nexport const START = NO_LSN;\n");
    write('src/store/park.ts', "import { START } from '../queue/port.ts';\nexport const FIRST = START;\n");
    write('src/daemon.ts', "import { FIRST } from './store/park.ts';\nexport const AT = FIRST;\n");
    expect(lint()).toEqual(expect.objectContaining({ status: 0 }));
  });

  test.for([
    ["import { a } from '../deliver/attempt.ts';\nexport const b = a;\n", 'a value'],
    ["import type { A } from '../deliver/attempt.ts';\nexport type B = A;\n", 'a type'],
    ["export { a } from '../deliver/attempt.ts';\n", 'a re-export'],
    ["export const b = await import('../deliver/attempt.ts');\n", 'import()'],
    ["export type B = import('../deliver/attempt.ts').A;\n", 'an import type'],
  ] as const)('fails when a stage imports another: $1', ([content]) => {
    write('src/deliver/attempt.ts', 'export const a = 1;\nexport type A = number;\n');
    write('src/queue/lanes.ts', content);
    const { status, output } = lint();
    expect(output).toContain('src/queue/lanes.ts');
    expect(output).toContain('walhook(dependency-rule)');
    expect(status).not.toBe(0);
  });

  test.for([
    ['src/source/slot.ts', "import { Wal2JsonPlugin } from 'pg-logical-replication';\nexport const plugin = Wal2JsonPlugin;\n", 'walhook(dependency-rule)'],
    ['src/queue/index.ts', 'export const a = 1;\n', 'walhook(no-barrel)'],
    ['src/queue/stop.ts', 'export function stop(): void {\n  process.exit(1);\n}\n', 'unicorn(no-process-exit)'],
    ['src/queue/send.ts', 'async function send(): Promise<void> {}\nexport function go(): void {\n  send();\n}\n', 'typescript(no-floating-promises)'],
    ['src/queue/any.ts', 'export const a = (b: any): unknown => b;\n', 'typescript(no-explicit-any)'],
    ['src/queue/five.ts', 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;\n', 'eslint(max-params)'],
    ['src/queue/quiet.ts', '// oxlint-disable-next-line no-console\nconsole.log(1);\n', 'walhook(reasoned-exception)'],
    ['test/a.test.ts', "import { test } from 'vitest';\ntest.only('a', () => {});\n", 'vitest(no-focused-tests)'],
  ] as const)('%s fails by its rule', ([path, content, rule]) => {
    write(path, content);
    const { status, output } = lint();
    expect(output).toContain(rule);
    expect(status).not.toBe(0);
  });

  test('fails on an import cycle', () => {
    write('src/queue/a.ts', "import { b } from './b.ts';\nexport const a = (): number => b();\n");
    write('src/queue/b.ts', "import { a } from './a.ts';\nexport const b = (): number => a();\n");
    const { status, output } = lint();
    expect(output).toContain('import(no-cycle)');
    expect(status).not.toBe(0);
  });

  test('takes an exception that says why', () => {
    write('src/queue/loud.ts', '// oxlint-disable-next-line no-console -- a test of the linter\nconsole.log(1);\n');
    expect(lint()).toEqual(expect.objectContaining({ status: 0 }));
  });

  test('lets src/cli.ts alone end the process', () => {
    write('src/cli.ts', 'process.exit(0);\n');
    expect(lint()).toEqual(expect.objectContaining({ status: 0 }));
  });
});
