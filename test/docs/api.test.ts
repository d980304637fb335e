import { expect, test } from 'vitest';
import { blocksOf, pages, textOf } from '../support/documentation.ts';

const description: { paths: Readonly<Record<string, Readonly<Record<string, { readonly summary: string }>>>> } = JSON.parse(textOf('docs/openapi.json'));

// `vitest run test/docs/api.test.ts --update` writes the table anew.
test('docs/api.md has the routes of docs/openapi.json', async () => {
  const rows = Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { summary }]) => `| \`${method.toUpperCase()} ${path}\` | ${summary} |`));
  const table = ['| request | |', '|---|---|', ...rows].join('\n');
  const page = textOf('docs/api.md').replace(/(?<=<!-- routes -->\n).*(?=<!-- \/routes -->)/s, () => `${table}\n`);
  expect(page).toContain(table);
  await expect(page).toMatchFileSnapshot('../../docs/api.md');
});

test.for(pages())('%s names no route that is not there', (page) => {
  const named = [...textOf(page).matchAll(/\/api\/v1(\/[^\s`?"')|\\]*)/g)].map((match) => `/api/v1${match[1] ?? ''}`.replace(/[.,…]*$/, ''));
  const known = Object.keys(description.paths).map((path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`));
  expect(named.filter((path) => path !== '/api/v1/' && !known.some((pattern) => pattern.test(path)))).toEqual([]);
});

test('the examples of docs/api.md are of routes, with their methods', () => {
  const lines = blocksOf('docs/api.md').flatMap(({ text }) => text.split('\n')).filter((line) => line.startsWith('curl '));
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) {
    const path = /\/api\/v1[\w/]*/.exec(line)?.[0] ?? '';
    const route = Object.entries(description.paths).find(([known]) => new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path));
    expect(Object.keys(route?.[1] ?? {})).toContain(line.includes('-X POST') ? 'post' : 'get');
  }
});
