import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openApiDocument } from '../../src/observe/openapi.ts';
import { described } from './every-route.ts';

const FILE = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));
const REGENERATE = 'WRITE_OPENAPI=1 npx vitest run test/observe/openapi.test.ts';

test('docs/openapi.json is what the daemon serves', () => {
  const document = `${JSON.stringify(openApiDocument(described()), null, 2)}\n`;
  if (process.env['WRITE_OPENAPI'] === '1') writeFileSync(FILE, document);
  expect(readFileSync(FILE, 'utf8') === document, `the API has changed: ${REGENERATE}`).toBe(true);
});

test('every route says what it is, and names of operations are its own', () => {
  const { paths } = openApiDocument(described()) as { readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string; readonly summary: string }>>>> };
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  expect(operations.length).toBeGreaterThan(30);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { summary } of operations) expect(summary).toMatch(/^\p{Lu}/u);
});

test('each reference leads somewhere', () => {
  const document = openApiDocument(described());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(references.length).toBeGreaterThan(100);
  for (const reference of new Set(references)) {
    let at: unknown = document;
    for (const name of reference.split('/')) at = (at as Readonly<Record<string, unknown>>)[name];
    expect(at, reference).toBeTypeOf('object');
  }
});
