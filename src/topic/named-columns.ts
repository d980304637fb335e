/** A column as an expression names it: `row.name`, `old["name"]`. */
const NAMED = /\b(?:row|old|changed)\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\])/g;

/** The columns that expressions may name: all of them, and maybe what only looks like one. */
export function namedColumns(expressions: readonly string[]): string[] {
  const found = expressions.flatMap((source) => [...source.matchAll(NAMED)].map(([, plain, double, single]) => plain ?? double ?? single ?? ''));
  return [...new Set(found)];
}
