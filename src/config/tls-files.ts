import { reason } from './interpolate.ts';
import type { Finding } from './problem.ts';
import { pemPath } from './secrets.ts';
import { childrenAt, type Node, nodeAt, type Path, Scalar } from './tree.ts';

/** Looks into the files that every `tls` names, so that one that is missing shows with its line. */
export function tlsFileFindings(root: Node, readFile: (path: string) => string): Finding[] {
  return tlsPaths(root).flatMap((path) => {
    const node = nodeAt(root, path);
    if (!(node instanceof Scalar) || typeof node.value !== 'string' || 'refused' in pemPath(node.value)) return [];
    const what = node.origin.filled === 'no' ? node.value : 'the file';
    try {
      const isPem = readFile(node.value).includes('-----BEGIN ');
      return isPem ? [] : [{ at: node.span.start, path, message: `${what} is not a PEM file` }];
    } catch (error) {
      return [{ at: node.span.start, path, message: `cannot read ${what}${reason(error)}` }];
    }
  });
}

function tlsPaths(root: Node): Path[] {
  const endpoints = childrenAt(root, ['endpoints']);
  return [...endpoints, ['engine', 'kafka'], ['source', 'kafka']].flatMap((of) => ['ca', 'cert', 'key'].map((file) => [...of, 'tls', file]));
}
