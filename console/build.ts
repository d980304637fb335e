import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

/* Builds the console into dist/console: `npm run build:console`. With `--if-needed` only if something is newer than what is there. */

const ROOT = join(import.meta.dirname, '..');

if (!process.argv.includes('--if-needed') || newest() > builtAt()) await build({ root: join(ROOT, 'console'), configFile: join(ROOT, 'console/vite.config.ts'), logLevel: 'warn' });

/** When the youngest of its sources was changed: milliseconds since 1970. */
function newest(): number {
  const sources = readdirSync(join(ROOT, 'console'), { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name));
  return Math.max(...[...sources, join(ROOT, 'package-lock.json')].map((path) => statSync(path).mtimeMs));
}

/** 0: it was not. */
function builtAt(): number {
  return statSync(join(ROOT, 'dist/console/index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
