import type { Finding } from './problem.ts';
import { keyAt, Mapping, type Node, nodeAt, type Path, Scalar, Sequence, spanAt } from './tree.ts';

/** Where a hook's `fields` contradicts itself: each finding stands at the later of two options that do not fit. */
export function fieldsRules(root: Node, path: Path): Finding[] {
  const only = names(root, [...path, 'only']);
  const omit = names(root, [...path, 'omit']);
  const rename = entries(root, [...path, 'rename']);
  const set = entries(root, [...path, 'set']);
  const findings: Finding[] = [];
  const refuse = (at: Path, message: string): void => {
    findings.push({ at: (keyAt(root, at) ?? spanAt(root, at)).start, path: at, message });
  };

  for (const [index, name] of omit.entries()) {
    if (only.includes(name)) refuse([...path, 'omit', index], 'this column is under `only` too');
  }
  // Columns that go out under a name of their own.
  const kept = new Set(only.filter((name) => !rename.has(name)));
  const taken = new Set<string>();
  for (const [name, target] of rename) {
    const at = [...path, 'rename', name];
    if (omit.includes(name)) refuse(at, 'this column is under `omit`: it is not sent');
    else if (only.length > 0 && !only.includes(name)) refuse(at, 'this column is not under `only`: it is not sent');
    if (target === null) continue;
    if (taken.has(target)) refuse(at, 'another column is renamed to the same name');
    else if (kept.has(target)) refuse(at, 'a column under `only` has this name already');
    taken.add(target);
  }
  for (const name of set.keys()) {
    if (taken.has(name)) refuse([...path, 'set', name], 'a column is renamed to this name');
  }
  return findings;
}

function names(root: Node, path: Path): string[] {
  const node = nodeAt(root, path);
  return node instanceof Sequence ? node.items.map((item) => textOf(item) ?? '') : [];
}

function entries(root: Node, path: Path): Map<string, string | null> {
  const node = nodeAt(root, path);
  return new Map(node instanceof Mapping ? [...node.entries].map(([key, { value }]) => [key, textOf(value)]) : []);
}

function textOf(node: Node): string | null {
  return node instanceof Scalar && typeof node.value === 'string' ? node.value : null;
}
