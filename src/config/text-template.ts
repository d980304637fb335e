import type { TextTemplate } from '../template.ts';
import type { PlacedExpression } from './tree.ts';

/** The pieces of a scalar's text, without what only errors need to know of them. */
export function textTemplate(parts: readonly (string | PlacedExpression)[]): TextTemplate {
  return parts.map((part) => (typeof part === 'string' ? part : { source: part.source, line: part.line, column: part.column }));
}
