import type { Config } from '../config.ts';
import type { Facts } from './facts.ts';
import { replicationHint } from './connection-error.ts';
import { identifier, qualified } from './quote.ts';

/**
 * The SQL that makes a role which may do what `walhook run` needs with `source.manage: false`, and no more: replicate,
 * read the watched tables, own the state schema. An administrator runs it, and the plan. Without the password, which is
 * nothing for a script.
 */
export function roleSql(config: Config, facts: Facts, roleName: string): string {
  const role = identifier(roleName);
  const schemas = [...new Set(config.tables.map((table) => table.schema))].map(identifier);
  const statements = [
    `CREATE ROLE ${role} LOGIN;  -- then, in psql: \\password ${roleName}`,
    replicationHint(role, facts.role.rds),
    `GRANT CONNECT ON DATABASE ${identifier(facts.server.database)} TO ${role};`,
    ...(schemas.length === 0 ? [] : [`GRANT USAGE ON SCHEMA ${schemas.join(', ')} TO ${role};`]),
    ...(config.tables.length === 0 ? [] : [`GRANT SELECT ON ${config.tables.map(qualified).join(', ')} TO ${role};`]),
    ...(config.state.url === null ? [stateSchema(config.state.schema, role, facts)] : []),
  ];
  return statements.join('\n');
}

function stateSchema(schema: string, role: string, facts: Facts): string {
  const name = identifier(schema);
  return facts.schemas.includes(schema) ? `ALTER SCHEMA ${name} OWNER TO ${role};` : `CREATE SCHEMA ${name} AUTHORIZATION ${role};`;
}
