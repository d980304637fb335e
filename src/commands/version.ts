import { readFileSync } from 'node:fs';

/** walhook's own version. package.json lies above src/ in a checkout and above dist/ in the package. */
export function walhookVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
