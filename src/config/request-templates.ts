import type { TextTemplate } from '../template.ts';
import { didYouMean } from '../closest.ts';
import { headerValue } from './headers.ts';
import type { Reading } from './kinds.ts';

/** What a hook may say of its requests besides the body. What an expression adds is escaped or refused when it is known. */

export const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'HEAD'] as const;

/** One of the methods, or an expression that gives one. */
export function methodTemplate(parts: TextTemplate): Reading<TextTemplate> {
  const [only, ...others] = parts;
  if (typeof only === 'object' && others.length === 0) return { value: parts };
  const known = METHODS.some((method) => method === only) && others.length === 0;
  if (known) return { value: parts };
  const hint = parts.length === 1 && typeof only === 'string' ? only : '';
  return { refused: `expected POST, PUT, PATCH, DELETE, GET or HEAD, or one expression in \${{ }} that gives one`, hint: didYouMean(hint, METHODS) };
}

/** A path, maybe with a query: it takes the place of those of the endpoint's URL. */
export function pathTemplate(parts: TextTemplate): Reading<TextTemplate> {
  const [first] = parts;
  if (typeof first !== 'string' || !first.startsWith('/')) return { refused: 'a path begins with /' };
  if (first.startsWith('//')) return { refused: 'a path begins with one /: what follows two of them would be a host' };
  for (const part of parts) {
    const fault = typeof part === 'string' ? pathFault(part) : null;
    if (fault !== null) return { refused: fault };
  }
  return { value: parts };
}

function pathFault(text: string): string | null {
  if (text.includes('#')) return 'a path has no #fragment: it would never be sent';
  if (text.includes('\\')) return 'a path has no \\: write it as %5C';
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\s\u0000-\u001f\u007f]/.test(text)) return 'a path has no white space in it: write it as %20';
  return /%(?![0-9A-Fa-f]{2})/.test(text) ? 'in a path a % itself is written as %25' : null;
}

/** A header's value. */
export function headerTemplate(parts: TextTemplate): Reading<TextTemplate> {
  const last = parts.length - 1;
  const value: (TextTemplate[number])[] = [];
  for (const [index, part] of parts.entries()) {
    if (typeof part !== 'string') {
      value.push(part);
      continue;
    }
    const reading = headerValue(part);
    if ('refused' in reading) return reading;
    // Blanks around a value are no part of it; those within are.
    const trimmed = index === 0 ? part.trimStart() : part;
    value.push(index === last ? trimmed.trimEnd() : trimmed);
  }
  return { value: value.filter((part) => part !== '') };
}
