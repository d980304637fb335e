import type { DeadLettersConfig } from '../config.ts';
import type { StateDatabase } from './database.ts';
import type { Ownership } from './owner.ts';
import type { CountByEndpoint } from './stored-deliveries.ts';

export function pruneDeadLetters(_state: StateDatabase, _owner: Ownership, _keep: DeadLettersConfig): Promise<CountByEndpoint> {
  return Promise.resolve(new Map());
}
