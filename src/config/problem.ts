import { EXIT, WalhookError } from '../errors.ts';
import type { Path } from './tree.ts';

/** Something wrong, before it is made ready to be shown. */
export interface Finding {
  /** Offset in the file's text. */
  readonly at: number;
  readonly path: Path;
  readonly message: string;
}

/** One thing that is wrong with a configuration file, ready to be shown: nothing in it is a secret. */
export interface Problem {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  /** `endpoints.crm.timout`; empty where the file is not even YAML. */
  readonly path: string;
  readonly message: string;
  /** The line of the file, secrets masked. */
  readonly source: string;
  /** 0-based place of the caret under `source`. */
  readonly caret: number;
}

/**
 * Everything that is wrong with a configuration file, in the file's order. The message holds all problems,
 * each as `walhook.yaml:8:5 error endpoints.crm.timout: unknown key`, its source line, and a caret. Exit code 78.
 */
export class ConfigError extends WalhookError {
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    super(problems.map((problem) => formatProblem(file, problem)).join('\n'), { code: 'bad_config', exit: EXIT.badConfig });
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}

export function formatProblem(file: string, problem: Problem): string {
  const what = problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`;
  const head = `${file}:${problem.line}:${problem.column} error ${what}`;
  return problem.source === '' ? head : `${head}\n${excerpt(problem)}`;
}

/** The line and, below it, the caret. */
export function excerpt({ source, caret }: Pick<Problem, 'source' | 'caret'>): string {
  // Tabs stay tabs, so that the caret stands under its character whatever their width.
  return `${source}\n${source.slice(0, caret).replaceAll(/[^\t]/g, ' ')}^`;
}
