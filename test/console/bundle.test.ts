import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const BUILT = join(ROOT, 'dist/console');

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}

describe('what is built', () => {
  test('is under 120 kB compressed, all files together', () => {
    const sizes = filesIn(BUILT).map((file) => gzipSync(readFileSync(file)).length);
    expect(sizes.length).toBeGreaterThanOrEqual(3);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(120_000);
  });

  test('has nothing inline and nothing from elsewhere', () => {
    const html = readFileSync(join(BUILT, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\ssrc="\/assets\/)/);
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url).filter((url) => url?.startsWith('/assets/') !== true && url?.startsWith('data:') !== true)).toEqual([]);
  });
});

test('no source sets HTML: rows are only ever text', () => {
  const sources = filesIn(join(ROOT, 'console')).filter((file) => /\.tsx?$/.test(file));
  expect(sources.length).toBeGreaterThan(50);
  const setting = /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\(|new Function\(/;
  expect(sources.filter((file) => setting.test(readFileSync(file, 'utf8')))).toEqual([]);
});
