import type { ExpectConfig } from '../config.ts';
import type { ShownRequest } from '../inspection.ts';
import { type Difference, differences } from './contained.ts';

/** How a request is not what a test expects. Empty: it is. @param request its body is that of the delivery alone, whatever it goes with */
export function unexpected({ method, url, path, headers, body }: ExpectConfig, request: ShownRequest): Difference[] {
  const { pathname, search } = new URL(request.url);
  return [
    ...text('method', method, request.method),
    ...text('url', url, request.url),
    ...text('path', path, pathname + search),
    ...[...headers].flatMap(([name, expected]) => header(name, expected, request.headers)),
    ...(body === null ? [] : bodyDifferences(body, request.body)),
  ];
}

function text(path: string, expected: string | null, found: string): Difference[] {
  return expected === null || expected === found ? [] : [{ path, expected, found }];
}

function header(name: string, expected: string | null, headers: ShownRequest['headers']): Difference[] {
  const path = `headers.${name}`;
  const found = headers.find(([one]) => one.toLowerCase() === name)?.[1] ?? null;
  return found === expected ? [] : [{ path, expected: expected ?? 'none', found }];
}

/** A body that is no JSON is compared as text. */
function bodyDifferences(expected: string, found: string | null): Difference[] {
  if (found === null) return [{ path: 'body', expected, found: null }];
  return differences(expected, isJson(found) ? found : JSON.stringify(found), 'body');
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}
