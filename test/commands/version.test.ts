import { expect, test } from 'vitest';
import { refuseOldNode, walhookVersion } from '../../src/commands/version.ts';

test('a Node that is too old is refused before anything else, with its path', () => {
  expect(() => refuseOldNode('20.20.2', '/usr/bin/node')).toThrow('Node 24 or newer is needed, and /usr/bin/node is 20.20.2');
  expect(() => refuseOldNode('9.11.2', '/usr/bin/node')).toThrow('Node 24 or newer is needed');
  for (const version of ['24.0.0', '25.1.0', '100.0.0', process.versions.node]) expect(() => refuseOldNode(version, '/usr/bin/node')).not.toThrow();
});

test('the version is a semantic one', () => {
  expect(walhookVersion()).toMatch(/^\d+\.\d+\.\d+$/);
});
