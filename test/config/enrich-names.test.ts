import { expect, test } from 'vitest';
import { enrichNameFault } from '../../src/config/enrich-names.ts';
import { HELPER_FUNCTIONS } from '../../src/expression/helper-functions.ts';

test('no lookup has the name of a helper function', () => {
  for (const { name } of HELPER_FUNCTIONS) expect([name, enrichNameFault(name)]).toEqual([name, expect.stringMatching(/^this name is /)]);
});

test.each(['org', 'Org_2', '_', 'a'.repeat(63)])('%s may be a name', (name) => {
  expect(enrichNameFault(name)).toBeNull();
});

test.each(['', '2', 'a-b', 'a.b', 'é', 'row', 'event', 'has', 'a'.repeat(64), '__proto__ '])('%j may not', (name) => {
  expect(enrichNameFault(name)).not.toBeNull();
});
