import type { Headers } from '../delivery.ts';
import type { TextTemplate } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import type { TemplateScope } from './template-scope.ts';
import { compileText } from './template-text.ts';
import { Unrenderable } from './unrenderable.ts';

/** https://www.rfc-editor.org/rfc/rfc9110#name-field-values, as bytes of Latin-1. */
const FIELD_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** At its ends, where they are no part of it. */
const BLANKS = /^[\t ]+|[\t ]+$/g;

/**
 * Compiles a hook's `headers`. A value that no header can hold, such as one with a line break, is refused. A header that is one
 * expression is left out where its value is null; within other text a null is empty.
 * @returns the headers themselves if none of them has an expression
 */
export function compileHeaders(headers: ReadonlyMap<string, TextTemplate>, compiler: TemplateCompiler): Headers | ((scope: TemplateScope) => Headers) {
  const all = [...headers].map(([name, template]) => {
    const pieces = compileText(template, { compiler, option: `headers.${name}` });
    return { option: name, name: name.toLowerCase(), pieces };
  });
  if (all.every(({ pieces }) => pieces.every((piece) => typeof piece === 'string'))) {
    return all.map(({ name, pieces }): Headers[number] => [name, pieces.join('')]);
  }
  return (scope) =>
    all.flatMap(({ name, option, pieces }): Headers => {
      const texts = pieces.map((piece) => (typeof piece === 'string' ? piece : piece(scope)));
      if (texts.length === 1 && texts[0] === null) return [];
      return [[name, fieldValue(texts.map((text) => text ?? '').join(''), option)]];
    });
}

function fieldValue(text: string, name: string): string {
  if (FIELD_VALUE.test(text)) return text.replaceAll(BLANKS, '');
  throw new Unrenderable(`headers.${name}: a value has a character that a header cannot hold: url_encode(…) escapes it`);
}
