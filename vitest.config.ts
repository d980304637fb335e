import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests that need a database: the `.pg` suffix, and the suites that run the whole daemon. */
const WITH_POSTGRES = ['test/**/*.pg.test.ts', 'test/fault/**/*.test.ts', 'test/e2e/**/*.test.ts'];

/** Tests that need a Kafka broker as well. */
const WITH_KAFKA = ['test/**/*.kafka.test.ts'];

/** Fleets of real processes that are killed: minutes, so `npm run test:engine` has them alone. */
const ENGINE_FAULTS = ['test/fault/engine/*.kafka.test.ts'];

/**
 * What CI plays on containers as well: what asks Postgres anything, without what takes longest and has been played on the same version already
 * (faults, commands, the console, the whole daemon in special cases).
 */
const NOT_ON_CONTAINERS = [
  ...['fault', 'commands', 'console', 'inspecting', 'enrich'].map((folder) => `test/${folder}/**`),
  ...['backfill', 'batch', 'cooldown', 'enrich', 'examples', 'failover', 'guarded', 'schedule', 'sealed', 'secrets', 'shutdown', 'slot-losses'].map((name) => `test/e2e/${name}*`),
  'test/decode/to-jsonb*',
];

// Each daemon and command of the tests is a process, whose start is half as dear with what V8 made of the code before. The tests' helpers hand it on.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

const postgres = {
  globalSetup: ['test/support/global-setup.ts'],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

const kafka = {
  globalSetup: ['test/support/global-setup.ts', 'test/support/kafka/global-setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    restoreMocks: true,
    unstubEnvs: true,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...WITH_POSTGRES, ...WITH_KAFKA], testTimeout: 60_000 },
      },
      { extends: true, test: { ...postgres, name: 'postgres', include: WITH_POSTGRES, exclude: WITH_KAFKA } },
      { extends: true, test: { ...postgres, name: 'containers', include: WITH_POSTGRES, exclude: [...WITH_KAFKA, ...NOT_ON_CONTAINERS] } },
      { extends: true, test: { ...kafka, name: 'kafka', include: WITH_KAFKA, exclude: ENGINE_FAULTS } },
      { extends: true, test: { ...kafka, name: 'engine-faults', include: ENGINE_FAULTS, testTimeout: 900_000 } },
    ],
  },
});
