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
 * after the other, for they share its output and environment.
 */
export async function command(args: readonly string[], { env = {}, yaml = '' }: CliOptions = {}): Promise<CliResult> {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-command-'));
  const file = join(folder, 'walhook.yaml');
  writeFileSync(file, yaml);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  let stdout = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += stripVTControlCharacters(String(text));
    return true;
  });
  try {
    const line = parseCommandLine([...args, '-c', file], '0.0.0-test');
    if ('text' in line) return { code: line.exit, signal: null, stdout: line.text, stderr: '' };
    const verb = await line.spec.load();
    return { code: await verb({ arguments: line.arguments, options: line.options, stop: new AbortController().signal }), signal: null, stdout, stderr: '' };
  } catch (error) {
    const { text, exit } = describeFailure(error);
    return { code: exit, signal: null, stdout, stderr: stripVTControlCharacters(text) };
  } finally {
    spy.mockRestore();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  }
}
