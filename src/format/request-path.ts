import type { TextTemplate } from '../template.ts';
import type { TemplateCompiler } from './template-compiler.ts';
import type { TemplateScope } from './template-scope.ts';
import { compileText, type WriteText } from './template-text.ts';
import { Unrenderable } from './unrenderable.ts';

/** A segment of the path, or a part of one. */
interface Piece {
  readonly write: string | WriteText;
  /** Behind the `?`. */
  readonly inQuery: boolean;
}

/**
 * Compiles `path`. A value is escaped so that it stays within its segment, or, behind the `?`, within its parameter. A segment that
 * values make empty, `.` or `..` is refused: it would be another resource, and dots cannot be escaped, for `%2e` means the same.
 * https://url.spec.whatwg.org/#double-dot-path-segment
 *
 * A null is an empty value behind the `?`, and before it refused.
 * @returns the path itself if it has no expressions
 */
export function compilePath(template: TextTemplate, compiler: TemplateCompiler): string | ((scope: TemplateScope) => string) {
  let inQuery = false;
  const pieces: Piece[] = [];
  for (const write of compileText(template, { compiler, option: 'path' })) {
    if (typeof write !== 'string') {
      pieces.push({ write, inQuery });
      continue;
    }
    for (const part of write.split(/(?<=\/)|(?=[/?])/)) {
      inQuery ||= part.startsWith('?');
      pieces.push({ write: visible(part), inQuery });
    }
  }
  if (pieces.every(({ write }) => typeof write === 'string')) return pieces.map(({ write }) => write as string).join('');
  return (scope) => writePath(pieces, scope);
}

function writePath(pieces: readonly Piece[], scope: TemplateScope): string {
  let path = '';
  let segment = '';
  let isOfValues = false;
  const end = (): void => {
    if (isOfValues) checkSegment(segment);
    path += segment;
    segment = '';
    isOfValues = false;
  };
  for (const { write, inQuery } of pieces) {
    if (typeof write !== 'string') {
      const value = encodeURIComponent((write(scope) ?? '').toWellFormed());
      segment += value;
      isOfValues ||= !inQuery;
    } else if (write === '/' || write.startsWith('?')) {
      end();
      path += write;
    } else {
      segment += write;
    }
  }
  end();
  return path;
}

function checkSegment(segment: string): void {
  if (segment === '') throw new Unrenderable('path: a value is null or empty, and its segment with it');
  const text = segment.replaceAll(/%2e/gi, '.');
  if (text === '.' || text === '..') throw new Unrenderable('path: a value makes a segment of dots alone, which would lead to another path');
}

/** What a request line cannot hold is escaped; what is escaped already stays. */
function visible(text: string): string {
  return text.toWellFormed().replaceAll(/[^\u0021-\u007e]/gu, (character) => encodeURIComponent(character));
}
