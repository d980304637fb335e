import { describe, expect, test } from 'vitest';
import { forbiddenImport, forbiddenPackage } from '../../lint/dependency-rule.ts';

describe('a stage', () => {
  test.for([
    ['src/queue/lanes.ts', 'src/lsn.ts'],
    ['src/queue/lanes.ts', 'src/queue/port.ts'],
    ['src/decode/types/range.ts', 'src/decode/encoder.ts'],
    ['src/decode/types/range.ts', 'src/change.ts'],
  ] as const)('%s may import %s', ([from, to]) => {
    expect(forbiddenImport(from, to)).toBeNull();
  });

  test.for([
    ['src/queue/lanes.ts', 'src/deliver/attempt.ts'],
    ['src/queue/lanes.ts', 'src/checkpoint/port.ts'],
    ['src/source/tail.ts', 'src/store/migrate.ts'],
    ['src/route/when.ts', 'src/config/load.ts'],
    ['src/format/body.ts', 'src/daemon.ts'],
    ['src/format/body.ts', 'test/support/postgres.ts'],
    ['src/format/body.ts', 'package.json'],
  ] as const)('%s may not import %s', ([from, to]) => {
    expect(forbiddenImport(from, to)).toEqual(expect.any(String));
  });
});

test('a command reads package.json, which ships', () => {
  expect(forbiddenImport('src/commands/version.ts', 'package.json')).toBeNull();
  expect(forbiddenImport('src/commands/version.ts', 'tsconfig.json')).toEqual(expect.any(String));
});

describe('config/', () => {
  test('imports the vocabulary alone', () => {
    expect(forbiddenImport('src/config/load.ts', 'src/errors.ts')).toBeNull();
    expect(forbiddenImport('src/config/load.ts', 'src/queue/port.ts')).toEqual(expect.any(String));
  });
});

describe.for(['store', 'history', 'tracing', 'observe'])('%s/', (folder) => {
  test('imports the ports of stages', () => {
    expect(forbiddenImport(`src/${folder}/a.ts`, 'src/queue/port.ts')).toBeNull();
    expect(forbiddenImport(`src/${folder}/a.ts`, 'src/checkpoint/port.ts')).toBeNull();
  });

  test('imports nothing else of a stage', () => {
    expect(forbiddenImport(`src/${folder}/a.ts`, 'src/queue/lanes.ts')).toEqual(expect.any(String));
    expect(forbiddenImport(`src/${folder}/a.ts`, 'src/queue/deeper/port.ts')).toEqual(expect.any(String));
    expect(forbiddenImport(`src/${folder}/a.ts`, 'src/config/load.ts')).toEqual(expect.any(String));
  });
});

describe('the vocabulary', () => {
  test('imports itself alone', () => {
    expect(forbiddenImport('src/position.ts', 'src/lsn.ts')).toBeNull();
    expect(forbiddenImport('src/position.ts', 'src/queue/port.ts')).toEqual(expect.any(String));
    expect(forbiddenImport('src/position.ts', 'src/daemon.ts')).toEqual(expect.any(String));
  });
});

test.for(['src/daemon.ts', 'src/pipeline.ts', 'src/cli.ts', 'src/commands/run.ts'])('%s wires everything', (from) => {
  expect(forbiddenImport(from, 'src/queue/lanes.ts')).toBeNull();
  expect(forbiddenImport(from, 'src/store/migrate.ts')).toBeNull();
});

test('nothing imports a command', () => {
  expect(forbiddenImport('src/store/migrate.ts', 'src/commands/run.ts')).toEqual(expect.any(String));
});

test('tests import whatever they test', () => {
  expect(forbiddenImport('test/queue/lanes.test.ts', 'src/queue/lanes.ts')).toBeNull();
});

test('pg-logical-replication belongs to the tail', () => {
  expect(forbiddenPackage('src/source/tail.ts', 'pg-logical-replication')).toBeNull();
  expect(forbiddenPackage('src/source/slot.ts', 'pg-logical-replication')).toEqual(expect.any(String));
  expect(forbiddenPackage('src/source/slot.ts', 'pg')).toBeNull();
});
