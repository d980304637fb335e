import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricsMarkdown } from '../../src/observe/metrics-reference.ts';

// `vitest run test/observe/metrics-reference.test.ts -u` writes the table anew.
test('docs/operations.md has the table of metrics as it is', async () => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const marked = page.replace(/(?<=<!-- metrics -->\n).*(?=<!-- \/metrics -->)/s, () => `${metricsMarkdown()}\n`);
  expect(marked).toContain(metricsMarkdown());
  await expect(marked).toMatchFileSnapshot('../../docs/operations.md');
});
