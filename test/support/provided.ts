import 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser URL of the run's Postgres, with wal_level=logical. */
    readonly postgresUrl: string;
  }
}
