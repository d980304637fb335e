import { expect, test } from 'vitest';
import { EXIT } from '../src/errors.ts';
import { refuseLoneRole, roleOf } from '../src/role.ts';
import { load } from './config/loading.ts';

const ALONE = load('version: 1\n');
const TOGETHER = load('version: 1\nengine: { kafka: { brokers: k:9092 } }\n');

test('a part of the work needs an engine between the parts', () => {
  for (const role of ['tail', 'deliver'] as const) {
    expect(() => refuseLoneRole(role, ALONE)).toThrow(expect.objectContaining({ code: 'usage', exit: EXIT.usage, message: `--role ${role} does a part of the work, and the configuration has no \`engine\` between the parts` }));
    expect(() => refuseLoneRole(role, TOGETHER)).not.toThrow();
  }
});

test('one process may do all, with an engine and without', () => {
  for (const config of [ALONE, TOGETHER]) expect(() => refuseLoneRole('all', config)).not.toThrow();
});

test('there are three roles', () => {
  expect(['tail', 'deliver', 'all'].map(roleOf)).toEqual(['tail', 'deliver', 'all']);
  expect(() => roleOf('tails')).toThrow('there is no role "tails"');
});
