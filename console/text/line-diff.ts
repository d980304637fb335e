export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Beyond this the whole middle counts as changed: the table below has as many cells as the square. */
const MOST = 2_000;

/** What has to be removed from and added to `before` to make `after`, by the longest common subsequence of lines. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const middle = middleDiff(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...a.slice(0, start).map(same), ...middle, ...a.slice(a.length - end).map(same)];
}

function middleDiff(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  if (a.length > MOST || b.length > MOST) return [...a.map(removed), ...b.map(added)];
  // longest[i][j]: of a from i on and b from j on.
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = longest[i];
    if (row === undefined) continue;
    for (let j = b.length - 1; j >= 0; j--) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push(same(a[i] ?? ''));
      i++;
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) out.push(removed(a[i++] ?? ''));
    else out.push(added(b[j++] ?? ''));
  }
  return out;
}

function same(text: string): DiffLine {
  return { kind: 'same', text };
}
function added(text: string): DiffLine {
  return { kind: 'added', text };
}
function removed(text: string): DiffLine {
  return { kind: 'removed', text };
}
