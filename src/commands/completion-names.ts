import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { NameKind } from './completion-model.ts';

/**
 * Names in a configuration file as it stands, whether or not it would load: nothing is filled in or checked. Only those that a shell
 * takes as they are. None if the file cannot be read.
 */
export function completionNames(kind: NameKind, file: string): string[] {
  let config: unknown;
  try {
    config = parse(readFileSync(file, 'utf8'), { logLevel: 'silent', maxAliasCount: 100 });
  } catch {
    return [];
  }
  const { endpoints, hooks, tables } = asObject(config);
  const hookList = Array.isArray(hooks) ? hooks.map(asObject) : [];
  const found: Readonly<Record<NameKind, readonly unknown[]>> = {
    endpoints: Object.keys(asObject(endpoints)),
    hooks: hookList.map(({ name }) => name),
    tables: [...Object.keys(asObject(tables)), ...hookList.map(({ table }) => table)],
  };
  return [...new Set(found[kind].filter((name) => typeof name === 'string' && /^\w[\w.-]*$/.test(name)))] as string[];
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
