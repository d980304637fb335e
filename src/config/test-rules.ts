import { didYouMean } from '../closest.ts';
import type { Finding } from './problem.ts';
import { childrenAt, keyAt, type Node, nodeAt, type Path, Scalar, spanAt, textAt } from './tree.ts';

/** What `tests` say of hooks, and of themselves. */
export function testRules(root: Node): Finding[] {
  const hooks = new Map<string, Path>();
  for (const path of childrenAt(root, ['hooks'])) hooks.set(textAt(root, [...path, 'name']) ?? '', path);
  return childrenAt(root, ['tests']).flatMap((test) => {
    const name = textAt(root, [...test, 'hook']);
    const hook = name === null ? null : (hooks.get(name) ?? null);
    return [
      ...(name === null || name === '' || hook !== null ? [] : [unknownHook(root, test, { name, known: hooks.keys() })]),
      ...(hook === null ? [] : lookupRules(root, test, hook)),
      ...oldRules(root, test),
      ...bodyRules(root, [...test, 'expect']),
    ];
  });
}

function unknownHook(root: Node, test: Path, { name, known }: { readonly name: string; readonly known: Iterable<string> }): Finding {
  const path = [...test, 'hook'];
  const node = nodeAt(root, path);
  // A name that was filled in is not shown.
  const isFilled = node instanceof Scalar && node.origin.filled === 'yes';
  return { at: spanAt(root, path).start, path, message: `there is no hook${isFilled ? '' : ` named ${JSON.stringify(name)}${didYouMean(name, known)}`}` };
}

function lookupRules(root: Node, test: Path, hook: Path): Finding[] {
  const known = childrenAt(root, [...hook, 'enrich']).map((path) => String(path.at(-1)));
  return childrenAt(root, [...test, 'enrich']).flatMap((path) => {
    const name = String(path.at(-1));
    return known.includes(name) ? [] : [keyFinding(root, path, `the hook looks up nothing under this name${didYouMean(name, known)}`)];
  });
}

function oldRules(root: Node, test: Path): Finding[] {
  const path = [...test, 'old'];
  const operation = textAt(root, [...test, 'operation']);
  if (nodeAt(root, path) === null || (operation !== 'insert' && operation !== 'delete')) return [];
  return [keyFinding(root, path, `is the row before an update, and \`operation\` says ${operation}`)];
}

function bodyRules(root: Node, expect: Path): Finding[] {
  if (nodeAt(root, [...expect, 'body']) === null) return [];
  return ['data', 'redacted', 'meta']
    .map((name) => [...expect, name])
    .filter((path) => nodeAt(root, path) !== null)
    .map((path) => keyFinding(root, path, 'is a part of the body, and there is `body`: put it there'));
}

function keyFinding(root: Node, path: Path, message: string): Finding {
  return { at: (keyAt(root, path) ?? spanAt(root, path)).start, path, message };
}
