import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { vi } from 'vitest';
import { describeFailure } from '../../src/commands/failure.ts';
import { parseCommandLine } from '../../src/commands/program.ts';
import type { CliOptions, CliResult } from './cli.ts';

/**
 * Runs a command to its end as cli.ts does, but in this process: many a time what a process of its own would take once. One
 * after the other, for they share its output and environment. `stop`: aborted by the signals that stop it, which the tester sends.
 */
export async function command(args: readonly string[], { env = {}, yaml = '' }: CliOptions = {}, stop = new AbortController().signal): Promise<CliResult> {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-command-'));
  const file = join(folder, 'walhook.yaml');
  writeFileSync(file, yaml);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      output[name] += stripVTControlCharacters(String(text));
      return true;
    }),
  );
  try {
    const line = parseCommandLine([...args, '-c', file], '0.0.0-test');
    if ('text' in line) return { code: line.exit, signal: null, stdout: line.text, stderr: '' };
    const verb = await line.spec.load();
    const code = await verb({ arguments: line.arguments, options: line.options, stop });
    return { code, signal: null, ...output };
  } catch (error) {
    const { text, exit } = describeFailure(error);
    return { code: exit, signal: null, ...output, stderr: output.stderr + stripVTControlCharacters(text) };
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  }
}
