import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser URL of the run's Postgres, with wal_level=logical. */
    readonly postgresUrl: string;
    /** `host:port` of the run's Kafka broker; null where there is none. Of the tests of `*.kafka.test.ts` alone. */
    readonly kafkaBrokers: string[] | null;
  }
}
