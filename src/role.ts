import type { Config } from './config.ts';
import { EXIT, WalhookError } from './errors.ts';

/** What a process does of the work: reads the source and hands on, takes over and delivers, or both. */
export type Role = 'tail' | 'deliver' | 'all';

export const ROLES: readonly Role[] = ['tail', 'deliver', 'all'];

/** @throws WalhookError `usage` (exit code 2) if it is none */
export function roleOf(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role !== undefined) return role;
  throw new WalhookError(`there is no role ${JSON.stringify(text)}`, { code: 'usage', hint: `one of ${ROLES.join(', ')}`, exit: EXIT.usage });
}

/** @throws WalhookError `usage` (exit code 2) for a part of the work, where nothing says how the others get it */
export function refuseLoneRole(role: Role, { engine }: Pick<Config, 'engine'>): void {
  if (role === 'all' || engine !== null) return;
  throw new WalhookError(`--role ${role} does a part of the work, and the configuration has no \`engine\` between the parts`, {
    code: 'usage',
    hint: 'engine: { kafka: { brokers: ["kafka-1:9092"] } }, or run without --role: one process does it all',
    exit: EXIT.usage,
  });
}
