import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { helpersMarkdown } from '../../src/expression/helper-reference.ts';

// `vitest run test/expression/helper-reference.test.ts -u` writes the table anew.
test('docs/shapes.md has the table of helper functions as it is', async () => {
  const page = readFileSync(new URL('../../docs/shapes.md', import.meta.url), 'utf8');
  const marked = page.replace(/(?<=<!-- helpers -->\n).*(?=<!-- \/helpers -->)/s, () => `${helpersMarkdown()}\n`);
  expect(marked).toContain(helpersMarkdown());
  await expect(marked).toMatchFileSnapshot('../../docs/shapes.md');
});
