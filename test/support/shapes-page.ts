import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** docs/shapes.md, taken apart. */
export interface ShapesPage {
  /** The tables. */
  readonly schema: string;
  /** Transactions, in order. */
  readonly changes: readonly string[];
  readonly recipes: readonly Recipe[];
}

export interface Recipe {
  /** The heading above it. */
  readonly title: string;
  /** The whole walhook.yaml. */
  readonly yaml: string;
  /** The requests it makes of the changes, in order: first line, headers that matter, an empty line, body. Empty: none are shown. */
  readonly requests: readonly string[];
}

export const SHAPES = resolve(import.meta.dirname, '../../docs/shapes.md');

/** A line that begins with white space goes on with the one before: the page breaks lines where requests have none. */
function unbroken(text: string): string {
  return text.replaceAll(/\n +/g, '').trimEnd();
}

export function shapesPage(): ShapesPage {
  const schema: string[] = [];
  const heads: string[] = [];
  const recipes: { title: string; yaml: string; requests: string[] }[] = [];
  let title = '';
  for (const [, heading, language, text = ''] of readFileSync(SHAPES, 'utf8').matchAll(/^## ([^\n]*)$|^```(\w+)\n(.*?)\n```$/gms)) {
    title = heading ?? title;
    if (language === 'sql') schema.push(text);
    if (language === 'yaml' && heads.push(text) > 1) recipes.push({ title, yaml: `${heads[0]}\n${text}\n`, requests: [] });
    if (language === 'http') recipes.at(-1)?.requests.push(unbroken(text));
  }
  const [first = '', ...changes] = schema;
  return { schema: first, changes, recipes };
}
