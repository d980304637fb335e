import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

interface LockedPackage {
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
const manifest: { allowScripts: Readonly<Record<string, boolean>> } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

test('npm ci finds every platform in the lock file', () => {
  // A mirror that lacks a package leaves it out without a word, and then npm ci refuses the lock file.
  const names = new Set(Object.keys(lock.packages).map(nameOf));
  const wanted = Object.values(lock.packages).flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}));
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});

test('allowScripts decides on every package with an install script, and on no other', () => {
  const scripted = Object.entries(lock.packages).flatMap(([path, locked]) => (locked.hasInstallScript === true ? [nameOf(path)] : []));
  expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(scripted.toSorted());
});

test('the README opens with the two commands that need only Node and npm', () => {
  const blocks = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```sh\n(.*?)\n```/gs);
  expect([...blocks].slice(0, 2).map((block) => block[1])).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
});
