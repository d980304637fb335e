import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { insert, type TableShape } from '../support/pgoutput.ts';
import { refusal, render, renderOne, type RenderOptions, text } from './rendering.ts';

const SHAPE: TableShape = { oid: 7, schema: 'public', table: 't', replicaIdentity: 'f', columns: [{ name: 'a', identity: true }, { name: 'b', identity: true }] };

function options(path: string): RenderOptions {
  return { shape: SHAPE, primaryKey: ['a'], hook: { path: text(path) } };
}

function pathOf(path: string, a: string | null, b: string | null = null): string | null {
  return renderOne(options(path), insert(7, [a, b])).request.path;
}

test('values are escaped, constants are the config\'s own', () => {
  expect(pathOf('/contacts/${{ row.a }}/tags;v=1?id=${{ row.a }}&b=${{ row.b }}&c', 'x/y?z=1&q#%')).toBe('/contacts/x%2Fy%3Fz%3D1%26q%23%25/tags;v=1?id=x%2Fy%3Fz%3D1%26q%23%25&b=&c');
  expect(pathOf('/a/${{ row.a }}-${{ row.b }}.json', 'é', '\\')).toBe('/a/%C3%A9-%5C.json');
  expect(pathOf('/ä ö/%20/${{ row.a }}?ü=1', '1')).toBe('/%C3%A4%20%C3%B6/%20/1?%C3%BC=1');
  expect(pathOf('/plain/../path//x', '1')).toBe('/plain/../path//x');
  expect(pathOf('/x?u=${{ row.a }}/../${{ row.b }}', '..', '..')).toBe('/x?u=../../..');
});

describe('a segment that values make empty or a step up is refused', () => {
  test.each([
    ['/contacts/${{ row.a }}', null],
    ['/contacts/${{ row.a }}', ''],
    ['/contacts/${{ row.a }}/x', ''],
    ['/contacts/${{ row.a }}${{ row.b }}?x=1', ''],
    ['/contacts/${{ row.a }}', '.'],
    ['/contacts/${{ row.a }}/x', '..'],
    ['/contacts/.${{ row.a }}/x', '.'],
    ['/contacts/%2E${{ row.a }}', '.'],
    ['/contacts/%2e${{ row.a }}?q', ''],
    ['/contacts/.${{ row.a }}', ''],
  ])('%s of %j', (path, value) => {
    expect(refusal(options(path), insert(7, [value, null]))).toMatch(/^path: a value /);
  });

  test('dots within a segment are only dots', () => {
    expect(pathOf('/x/${{ row.a }}', '...')).toBe('/x/...');
    expect(pathOf('/x/a${{ row.a }}', '..')).toBe('/x/a..');
    expect(pathOf('/x/${{ row.a }}', '%2e%2e')).toBe('/x/%252e%252e');
  });
});

/** A path as a server reads it. */
function parts(path: string): unknown {
  const { host, pathname, searchParams, hash } = new URL(path, 'http://host');
  return { host, segments: pathname.split('/').map((segment) => decodeURIComponent(segment)), query: [...searchParams], hash, isPlain: /^[\u0021-\u007e]+$/.test(path) };
}

test('whatever the values are, they stay where the config put them', () => {
  const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('..', '.', '../..', '//evil', '?x=1', '#', '&admin=1', '%2e%2e', '\r\nX: 1', '\u0000', '\\..', ' ', ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 50 }), (rows) => {
      const made = render(options('/api/${{ row.a }}/x${{ row.b }}/end?p=${{ row.a }}&q=${{ row.b }}'), ...rows.map((row) => insert(7, row)));
      const read = made.map((each) => ('message' in each ? 'refused' : parts(each.request.path ?? '')));
      const isRefused = (a: string): boolean => ['', '.', '..'].includes(a);
      expect(read).toEqual(rows.map(([a, b]) => (isRefused(a) ? 'refused' : { host: 'host', segments: ['', 'api', a, `x${b}`, 'end'], query: [['p', a], ['q', b]], hash: '', isPlain: true })));
    }),
    { numRuns: 60 },
  );
}, 30_000);
