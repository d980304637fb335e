/** One thing to change in the database. Each is a transaction of its own, or none. */
export interface Step {
  /** `failover` is a command of the replication protocol, which takes a connection of its own. */
  readonly kind: 'schema' | 'publication' | 'replica_identity' | 'slot' | 'failover';
  /** What it does, as in `create publication "walhook"`. */
  readonly description: string;
  /** One statement, without its semicolon. */
  readonly sql: string;
}

/**
 * The application's writes queue behind a lock that is waited for, so it is not waited for long: milliseconds. Two
 * seconds are above a normal transaction and below most timeouts.
 */
export const LOCK_TIMEOUT = 2_000;

/** Making a slot waits for the end of every transaction that has written: milliseconds. Nobody waits behind it. */
export const SLOT_TIMEOUT = 60_000;

/** In milliseconds. */
export interface StepTimeouts {
  readonly lockTimeout?: number;
  readonly slotTimeout?: number;
}

/**
 * The step as one simple query, which Postgres runs as one transaction.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
 */
export function guardedSql(step: Step, { lockTimeout = LOCK_TIMEOUT, slotTimeout = SLOT_TIMEOUT }: StepTimeouts = {}): string {
  const guard = step.kind === 'slot' ? `statement_timeout = ${slotTimeout}` : `lock_timeout = ${lockTimeout}`;
  return `SET LOCAL ${guard}; ${step.sql}`;
}

/** Steps as a script for psql, or for a migration. */
export function script(steps: readonly Step[]): string {
  return steps.map((step) => `-- ${step.description}\n${wrapped(step)}`).join('\n\n');
}

function wrapped(step: Step): string {
  if (step.kind === 'failover') return `\\connect -reuse-previous=on "replication=database"\n${step.sql};\n\\connect -reuse-previous=on "replication=false"`;
  // pg_create_logical_replication_slot() refuses a transaction that has written, so it stands alone.
  if (step.kind === 'slot') return `${step.sql};`;
  return `BEGIN;\nSET LOCAL lock_timeout = '${LOCK_TIMEOUT}ms';\n${step.sql};\nCOMMIT;`;
}
