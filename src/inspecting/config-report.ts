import { type LoadedConfig, readText } from '../commands/read-config.ts';
import type { FailedReload } from '../commands/reloading.ts';
import { loadConfig } from '../config/load.ts';
import { MaskedText } from '../config/masked-text.ts';
import { ConfigError } from '../config/problem.ts';
import { WalhookError } from '../errors.ts';
import type { ConfigReport, DraftProblem } from '../inspection.ts';

export function configReport(loaded: LoadedConfig, failed: FailedReload | null): ConfigReport {
  return {
    path: loaded.path,
    loaded_at: loaded.at.toISOString(),
    text: new MaskedText(loaded.text).whole,
    failed: failed === null ? null : { at: failed.at.toISOString(), ...failure(failed.error) },
    disk: diskReport(loaded),
  };
}

/** Null if the file cannot be read. */
function diskReport({ path, text, sources }: LoadedConfig): ConfigReport['disk'] {
  let now: string;
  try {
    now = readText(path);
  } catch (error) {
    if (error instanceof WalhookError) return null;
    throw error;
  }
  return { text: new MaskedText(now).whole, differs: now !== text, problems: problemsOf(() => loadConfig({ text: now, file: path, ...sources })) };
}

function problemsOf(load: () => unknown): DraftProblem[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(shown);
    throw error;
  }
}

/** Only what was made for an operator is told: anything else is in the log. */
function failure(error: unknown): { readonly message: string; readonly problems: readonly DraftProblem[] } {
  if (error instanceof ConfigError) return { message: error.problems.length === 1 ? 'the file has a mistake' : `the file has ${error.problems.length} mistakes`, problems: error.problems.map(shown) };
  return { message: error instanceof WalhookError ? error.message : 'unexpected error: the log has it', problems: [] };
}

function shown({ line, column, path, message }: DraftProblem): DraftProblem {
  return { line, column, path, message };
}
