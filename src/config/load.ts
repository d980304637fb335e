import type * as z from 'zod';
import type { Config } from '../config.ts';
import { assemble } from './assemble.ts';
import { didYouMean } from '../closest.ts';
import { locate } from './locate.ts';
import { parse } from './parse.ts';
import { ConfigError, type Finding } from './problem.ts';
import { rules } from './rules.ts';
import { schema } from './schema.ts';
import { tlsFileFindings } from './tls-files.ts';
import { keyAt, type Node, type Path, spanAt } from './tree.ts';

export interface LoadInput {
  /** The file's text. */
  readonly text: string;
  /** Its name, as errors show it. */
  readonly file: string;
  /** Environment variables, for `${VAR}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gives the text of the file at an absolute path, for `${file:/path}` and `tls`; throws if it cannot. */
  readonly readFile: (path: string) => string;
}

/**
 * The configuration that a file and an environment make: interpolated, checked, defaults filled in, frozen.
 * Throws a ConfigError with everything that is wrong. Touches nothing but what `readFile` reads.
 */
export function loadConfig({ text, file, env, readFile }: LoadInput): Config {
  const { root, findings } = parse(text, { env, readFile });
  if (root === null) throw new ConfigError(file, locate(text, null, findings));
  return loadTree({ root, findings, text, file, readFile });
}

export interface TreeInput extends Pick<LoadInput, 'text' | 'file' | 'readFile'> {
  readonly root: Node;
  /** What is wrong already. */
  readonly findings: readonly Finding[];
}

/** The same of a tree whose places are in `text`. */
export function loadTree({ root, findings, text, file, readFile }: TreeInput): Config {
  const loaded = schema.safeParse(root);
  const all = [
    ...findings,
    ...(loaded.success ? [] : loaded.error.issues.flatMap((issue) => findingsOf(root, issue))),
    ...tlsFileFindings(root, readFile),
    ...rules(root, text),
  ];
  if (!loaded.success || all.length > 0) throw new ConfigError(file, locate(text, root, all));
  return assemble(loaded.data);
}

function findingsOf(root: Node, issue: z.core.$ZodIssue): Finding[] {
  const path: Path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const inner = [...path, key];
      return { at: (keyAt(root, inner) ?? spanAt(root, inner)).start, path: inner, message: unknownKey(key, issue.message.split(' ')) };
    });
  }
  const params: Record<string, unknown> = issue.code === 'custom' ? (issue.params ?? {}) : {};
  if (params['reported'] === true) return [];
  const span = params['key'] === true ? (keyAt(root, path) ?? spanAt(root, path)) : spanAt(root, path);
  return [{ at: span.start, path, message: issue.message }];
}

function unknownKey(key: string, known: readonly string[]): string {
  if (key === '<<') return 'YAML 1.2 has no merge keys';
  return `unknown key${didYouMean(key, known)}`;
}
