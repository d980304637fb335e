import type pg from 'pg';
import type { LoadedConfig } from '../commands/read-config.ts';
import type { Config, HookConfig } from '../config.ts';
import { type LoadedDraft, loadDraft } from '../config/draft.ts';
import { ConfigError } from '../config/problem.ts';
import { DraftError } from '../draft-error.ts';
import { expressionColumns, expressionFault } from '../expression-findings.ts';
import { hookExpressions, pathOf } from '../hook-expressions.ts';
import { inspect } from '../source/inspect.ts';

export interface DraftedHook {
  /** The whole configuration, with the draft in the hook's place. */
  readonly config: Config;
  readonly hook: HookConfig;
}

/**
 * A draft in the place of a hook, held against the table as it is now.
 *
 * @throws DraftError with everything that is wrong: with the text, or else with its expressions
 */
export async function draftOf({ text, path, sources }: LoadedConfig, draft: { readonly index: number; readonly yaml: string }, client: pg.ClientBase): Promise<DraftedHook> {
  const { index } = draft;
  const loaded = read(() => loadDraft({ text, file: path, ...sources, hook: index, draft: draft.yaml }));
  const { config } = loaded;
  const hook = config.hooks[index];
  if (hook === undefined) throw new Error('the draft has the place of a hook');
  const columns = (await expressionColumns({ ...config, hooks: [hook] }, await inspect(client, config), client)).get(hook) ?? null;
  const problems = columns === null ? [] : hookExpressions(config, index).flatMap((expression) => {
    const fault = expressionFault(expression, columns, hook);
    if (fault === null) return [];
    const message = loaded.isFilled(expression.where) ? 'does not fit the table (once its variables are filled in)' : fault.message;
    return [{ ...loaded.at(expression.where, fault.offset), path: expression.endpoint === null ? expression.path : pathOf(expression, hook.name), message }];
  });
  if (problems.length > 0) throw new DraftError(problems);
  return { config, hook };
}

function read(load: () => LoadedDraft): LoadedDraft {
  try {
    return load();
  } catch (error) {
    if (error instanceof ConfigError) throw new DraftError(error.problems.map(({ line, column, path, message }) => ({ line, column, path, message })));
    throw error;
  }
}
