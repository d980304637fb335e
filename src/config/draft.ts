import type { Config } from '../config.ts';
import { interpolate } from './interpolate.ts';
import { type LoadInput, loadTree } from './load.ts';
import { locate } from './locate.ts';
import { parse } from './parse.ts';
import { Places, type Whereabouts } from './places.ts';
import { ConfigError, type Finding, type Problem } from './problem.ts';
import { childrenAt, keyAt, Mapping, type Node, nodeAt, type Path, Scalar, Sequence, textAt } from './tree.ts';
import { sqlPath } from './expression-sites.ts';

/** A place in a draft, and what is wrong there. */
export type DraftFault = Pick<Problem, 'line' | 'column' | 'path' | 'message'>;

export interface DraftInput extends LoadInput {
  /** Index of the hook whose place the draft takes. */
  readonly hook: number;
  /** YAML of one hook. */
  readonly draft: string;
}

export interface LoadedDraft {
  /** The whole configuration, with the draft in it. */
  readonly config: Config;
  /** Where in the draft a character of an expression stands; of one that was filled in, its beginning. */
  readonly at: (where: Whereabouts, offset: number) => Pick<DraftFault, 'line' | 'column'>;
  /** True if something was filled in in the expression: then nothing of it may be told. */
  readonly isFilled: (where: Whereabouts) => boolean;
}

/**
 * The configuration of a file with one of its hooks replaced by a draft, by the loader's own rules. A draft comes from whoever
 * may ask, so it reads nothing that the file does not read already: no variables and files, no other table, no query of its own.
 * What it has as the file has it at the same place may stay, masked secrets too.
 *
 * @throws ConfigError with everything that is wrong, in lines and columns of the draft
 */
export function loadDraft({ draft, hook, file, text, ...input }: DraftInput): LoadedDraft {
  const base = parse(text, input);
  // The draft is read as it stood behind the file, so that one text holds both and every place is its own.
  const whole = `${text}\n${draft}`;
  const lines = text.split('\n').length;
  const read = parse(`${text.replaceAll(/[^\n]/g, ' ')}\n${draft}`, NOTHING);
  const refuse = (problems: readonly Problem[]): never => {
    throw new ConfigError(file, problems.map((problem) => inDraft(problem, lines, hook)));
  };
  const hooks = base.root === null ? null : nodeAt(base.root, ['hooks']);
  const before = hooks instanceof Sequence ? (hooks.items[hook] ?? null) : null;
  if (read.root === null || before === null || !(base.root instanceof Mapping) || !(hooks instanceof Sequence)) return refuse(locate(whole, null, read.findings));
  const given = keep(only(read.root), before);
  const references = variables(given, ['hooks', hook], text.length);
  const refused = new Set(references.map(({ path }) => JSON.stringify(path)));
  const own = read.findings.map((finding) => ({ ...finding, path: ['hooks', hook, ...finding.path] }));
  const findings = [
    // A reference that is kept, or that is refused for what it is, has no value here.
    ...own.filter(({ path }) => !refused.has(JSON.stringify(path)) && !isKept(given, path.slice(2), text.length)),
    ...references,
    ...foreign(given, before, hook),
  ];
  const root = withHook(base.root, hooks, { index: hook, node: given });
  try {
    const config = loadTree({ root, text: whole, file, readFile: input.readFile, findings: [...base.findings, ...findings] });
    const places = new Places(file, whole, root);
    return {
      config,
      isFilled: (where) => places.isFilled(where),
      at: (where, offset) => {
        const { line, column } = places.at(where, offset) ?? { line: 0, column: 1 };
        return line > lines ? { line: line - lines, column } : { line: 1, column: 1 };
      },
    };
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error.problems);
    throw error;
  }
}

const NOTHING = {
  env: {},
  readFile: (): never => {
    throw new Error('a draft reads no files');
  },
};

/** The one hook of a list of one, as it stands in the file. */
function only(root: Node): Node {
  return root instanceof Sequence && root.items.length === 1 ? (root.items[0] ?? root) : root;
}

/** What is wrong elsewhere is told at the draft's beginning: the draft brought it about. */
function inDraft(problem: Problem, lines: number, hook: number): Problem {
  const path = problem.path.replace(new RegExp(`^hooks\\[${hook}\\]\\.?`), '');
  if (problem.line > lines) return { ...problem, line: problem.line - lines, path };
  return { ...problem, line: 1, column: 1, path: problem.path === path ? path : '', source: '', caret: 0 };
}

/** The draft, with the file's own scalars where they are written as the file writes them, or masked, at the same place. */
function keep(draft: Node, file: Node): Node {
  if (draft instanceof Scalar) return file instanceof Scalar && isSame(draft, file) ? file : draft;
  if (draft instanceof Sequence && file instanceof Sequence) return new Sequence(draft.span, draft.items.map((item, index) => keepAt(item, file.items[index])));
  if (draft instanceof Mapping && file instanceof Mapping) {
    return new Mapping(draft.span, new Map([...draft.entries].map(([name, { key, value }]) => [name, { key, value: keepAt(value, file.entries.get(name)?.value) }])));
  }
  return draft;
}

function keepAt(draft: Node, file: Node | undefined): Node {
  return file === undefined ? draft : keep(draft, file);
}

function isSame(draft: Scalar, file: Scalar): boolean {
  const isReference = interpolate(draft.origin.written, NOTHING).filled;
  return isReference ? draft.origin.written === file.origin.written : draft.origin.written.includes('***') && file.origin.written.length > 0;
}

/** What stands there is the file's: it stands before the draft. */
function isKept(given: Node, path: Path, from: number): boolean {
  const node = nodeAt(given, path);
  return node instanceof Scalar && node.span.start < from;
}

/** The variables and files that it names beside those of the file. */
function variables(node: Node, path: Path, from: number): Finding[] {
  if (node instanceof Scalar) return node.span.start >= from && interpolate(node.origin.written, NOTHING).filled ? [refusal(node, path)] : [];
  return childrenAt(node, []).flatMap((step) => {
    const child = nodeAt(node, step);
    return child === null ? [] : variables(child, [...path, ...step], from);
  });
}

function refusal(node: Scalar, path: Path): Finding {
  return { at: node.span.start, path, message: 'a draft may not name variables or files: write the value itself, or try it in the configuration' };
}

/** The table, and queries that nobody who writes the file has written. */
function foreign(given: Node, before: Node, hook: number): Finding[] {
  const findings: Finding[] = [];
  const told = (path: Path, message: string): void => {
    findings.push({ at: (keyAt(given, path) ?? nodeAt(given, path)?.span ?? given.span).start, path: ['hooks', hook, ...path], message });
  };
  const table = tableOf(given);
  if (table !== null && table !== tableOf(before)) told(['table'], 'a draft stays with the table of its hook');
  const known = new Set(childrenAt(before, ['enrich']).map((path) => sqlOf(before, path)));
  for (const path of childrenAt(given, ['enrich'])) {
    const sql = sqlOf(given, path);
    if (sql !== null && !known.has(sql)) told(path, 'a draft may look up only what the configuration looks up for this hook: a query of its own could read anything');
  }
  return findings;
}

function tableOf(hook: Node): string | null {
  return textAt(hook, ['table'])?.replace(/^public\./, '') ?? null;
}

function sqlOf(hook: Node, path: Path): string | null {
  const node = nodeAt(hook, sqlPath(hook, path));
  return node instanceof Scalar ? node.origin.written.trim() : null;
}

function withHook(root: Mapping, hooks: Sequence, { index, node }: { readonly index: number; readonly node: Node }): Mapping {
  const items = hooks.items.map((item, place) => (place === index ? node : item));
  const entries = new Map(root.entries);
  const entry = entries.get('hooks');
  if (entry !== undefined) entries.set('hooks', { key: entry.key, value: new Sequence(hooks.span, items) });
  return new Mapping(root.span, entries);
}
