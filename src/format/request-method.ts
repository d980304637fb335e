import type { TextTemplate } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import type { TemplateScope } from './template-scope.ts';
import { compileText } from './template-text.ts';
import { Unrenderable } from './unrenderable.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Compiles `method`. Gives the method itself if it has no expression. */
export function compileMethod(template: TextTemplate, compiler: TemplateCompiler): string | ((scope: TemplateScope) => string) {
  const pieces = compileText(template, { compiler, option: 'method' });
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return (scope) => {
    const method = pieces.map((piece) => (typeof piece === 'string' ? piece : (piece(scope) ?? ''))).join('');
    if (METHODS.has(method)) return method;
    throw new Unrenderable(`method: the expression gives none of ${[...METHODS].join(', ')}`);
  };
}
