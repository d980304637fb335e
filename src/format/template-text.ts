import type { TextTemplate } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import { leafText } from './template-leaf.ts';
import type { TemplateScope } from './template-scope.ts';

/** The text of one expression, null for null. Throws an Unrenderable. */
export type WriteText = (scope: TemplateScope) => string | null;

/** Text between expressions stays as it is; what becomes of nulls, and how values are escaped, is for the one who puts the pieces together. */
export function compileText(
  parts: TextTemplate,
  { compiler, option }: { readonly compiler: TemplateCompiler; readonly option: string },
): readonly (string | WriteText)[] {
  return parts.map((part): string | WriteText => {
    if (typeof part === 'string') return part;
    const leaf = compiler.compile(part, option);
    return (scope) => leafText(leaf, scope, { option, source: part.source });
  });
}
