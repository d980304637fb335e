import { defineConfig } from 'vitest/config';

/** Tests that need a database: the `.pg` suffix, and the suites that run the whole daemon. */
const WITH_POSTGRES = ['test/**/*.pg.test.ts', 'test/fault/**/*.test.ts', 'test/e2e/**/*.test.ts'];

/** Tests that need a Kafka broker as well. */
const WITH_KAFKA = ['test/**/*.kafka.test.ts'];

/** Fleets of real processes that are killed: minutes, so `npm run test:engine` has them alone. */
const ENGINE_FAULTS = ['test/fault/engine/*.kafka.test.ts'];

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
      {
        extends: true,
        test: {
          name: 'postgres',
          include: WITH_POSTGRES,
          exclude: WITH_KAFKA,
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { ...kafka, name: 'kafka', include: WITH_KAFKA, exclude: ENGINE_FAULTS } },
      { extends: true, test: { ...kafka, name: 'engine-faults', include: ENGINE_FAULTS, testTimeout: 900_000 } },
    ],
  },
});
