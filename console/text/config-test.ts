import type { Delivery } from '../api/shapes.ts';
import { parsed } from './json.ts';

/** A delivery as an entry of the file's `tests:`: the row that its body shows, and the body that is expected. JSON is YAML too. */
export function configTest({ hook, operation, body }: Pick<Delivery, 'hook' | 'operation' | 'body'>): string {
  const expected = parsed(body);
  const row = isObject(expected) && isObject(expected['data']) ? expected['data'] : {};
  const lines = [`- hook: ${hook}`, `  operation: ${operation}`, `  row: ${inYaml(row)}`, `  expect: ${inYaml(expected ?? body)}`];
  return `tests:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What YAML 1.2 reads as it is, in one line; `${` would be a variable of the file. */
function inYaml(value: unknown): string {
  return JSON.stringify(value).replaceAll('$', '$$$$');
}
