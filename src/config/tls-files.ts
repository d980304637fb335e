import { reason } from './interpolate.ts';
import type { Finding } from './problem.ts';
import { isPem, pem } from './secrets.ts';
import { Mapping, type Node, nodeAt, type Path, Scalar } from './tree.ts';

export interface TlsFiles {
  /** PEM text by path. */
  readonly texts: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/** Reads the files that `endpoints.*.tls` names, so that a missing one shows at start and not at the first delivery. */
export function readTlsFiles(root: Node, readFile: (path: string) => string): TlsFiles {
  const texts = new Map<string, string>();
  const findings: Finding[] = [];
  for (const path of tlsPaths(root)) {
    const node = nodeAt(root, path);
    if (!(node instanceof Scalar) || typeof node.value !== 'string' || node.value === '') continue;
    if (isPem(node.value) || 'refused' in pem(node.value)) continue;
    const what = node.origin.filled === 'no' ? node.value : 'the file';
    try {
      const text = readFile(node.value);
      if (!text.includes('-----BEGIN ')) findings.push({ at: node.span.start, path, message: `${what} is not a PEM file` });
      texts.set(node.value, text);
    } catch (error) {
      findings.push({ at: node.span.start, path, message: `cannot read ${what}${reason(error)}` });
    }
  }
  return { texts, findings };
}

function tlsPaths(root: Node): Path[] {
  const endpoints = nodeAt(root, ['endpoints']);
  if (!(endpoints instanceof Mapping)) return [];
  return [...endpoints.entries.keys()].flatMap((name) => ['ca', 'cert', 'key'].map((file) => ['endpoints', name, 'tls', file]));
}
