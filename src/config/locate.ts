import { maskLine, maskText, type Range } from './mask.ts';
import type { Finding, Problem } from './problem.ts';
import { childrenAt, formatPath, type Node, nodeAt, Scalar, Sequence, type Span } from './tree.ts';

/** Longest piece of a line that is shown. */
const MAX_SHOWN = 160;

/** Findings → problems, in the file's order: each with line, column, and its line with every secret masked. */
export function locate(text: string, root: Node | null, findings: readonly Finding[]): Problem[] {
  const secrets = root === null ? [] : secretSpans(root);
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const finding of findings.toSorted((a, b) => a.at - b.at)) {
    const problem = problemOf(text, finding, secrets);
    // A value that an alias repeats is one mistake.
    const key = JSON.stringify([finding.at, finding.path.at(-1), finding.message]);
    if (!seen.has(key)) problems.push(problem);
    seen.add(key);
  }
  return problems;
}

function problemOf(text: string, finding: Finding, secrets: readonly Span[]): Problem {
  const at = Math.min(finding.at, text.length);
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const newline = text.indexOf('\n', at);
  const end = newline === -1 ? text.length : newline;
  const line = text.slice(start, end).trimEnd();
  const ranges: Range[] = secrets
    .filter((span) => span.start < end && span.end > start)
    .map((span) => ({ start: Math.max(span.start - start, 0), end: Math.min(span.end - start, line.length) }));
  const masked = shorten(maskLine(line, at - start, ranges));
  return {
    line: text.slice(0, start).split('\n').length,
    column: at - start + 1,
    path: printable(maskText(formatPath(finding.path))),
    message: printable(maskText(finding.message)),
    source: printable(masked.text),
    caret: masked.caret,
  };
}

/** A terminal must show the file, not obey it. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, '\ufffd');
}

function shorten({ text, caret }: { readonly text: string; readonly caret: number }): { readonly text: string; readonly caret: number } {
  if (text.length <= MAX_SHOWN) return { text, caret };
  const from = Math.max(0, Math.min(caret - MAX_SHOWN / 2, text.length - MAX_SHOWN));
  const to = from + MAX_SHOWN;
  const before = from > 0 ? '…' : '';
  return { text: `${before}${text.slice(from, to)}${to < text.length ? '…' : ''}`, caret: caret - from + before.length };
}

/** Of a cluster, below what says how to reach it. */
const SECRETS_OF_KAFKA = [['tls', 'key'], ['sasl', 'password']];

/** Where the file holds values that nobody may see, if they are written out. */
export function secretSpans(root: Node): Span[] {
  const spans = [['server', 'token'], ['tracing', 'headers'], ...SECRETS_OF_KAFKA.flatMap((secret) => [['engine', 'kafka', ...secret], ['source', 'kafka', ...secret]])].flatMap((path) => scalarSpans(nodeAt(root, path)));
  for (const endpoint of childrenAt(root, ['endpoints'])) {
    for (const path of [['headers'], ['signing'], ...SECRETS_OF_KAFKA, ['oauth2', 'client_secret']]) spans.push(...scalarSpans(nodeAt(root, [...endpoint, ...path])));
  }
  for (const hook of childrenAt(root, ['hooks'])) spans.push(...scalarSpans(nodeAt(root, [...hook, 'headers'])));
  return spans;
}

function scalarSpans(node: Node | null): Span[] {
  if (node instanceof Scalar) return [node.span];
  if (node instanceof Sequence) return node.items.flatMap(scalarSpans);
  return node === null ? [] : [...node.entries.values()].flatMap((entry) => scalarSpans(entry.value));
}
