import { onTestFinished } from 'vitest';
import { openState, type StateDatabase, type StateDatabaseOptions } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Ownership } from '../../src/store/owner.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

export interface TestState {
  readonly state: StateDatabase;
  /** Of slot `walhook`: taken over where there is a schema. */
  readonly owner: Ownership;
  readonly database: TestDatabase;
}

/** A fresh database with an up-to-date state schema. */
export async function testState(): Promise<TestState> {
  const found = await emptyState();
  await migrate(found.state);
  await found.owner.takeOver();
  return found;
}

/** A fresh database without a state schema. */
export async function emptyState(schema = 'walhook'): Promise<TestState> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  const state = open({ client: { connectionString: database.url }, schema });
  return { database, state, owner: new Ownership(state, 'walhook') };
}

/** Closed when the test has finished. */
export function open(options: StateDatabaseOptions): StateDatabase {
  const state = openState(options);
  onTestFinished(() => state.close());
  return state;
}
