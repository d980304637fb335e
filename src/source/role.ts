import type { Config } from '../config.ts';
import type { Facts } from './facts.ts';
import { replicationHint } from './connection-error.ts';
import { type Provider, PROVIDER_RULES } from './provider.ts';
import { identifier, qualified } from './quote.ts';

/**
 * The SQL that makes a role which may do what `walhook run` needs with `source.manage: false`, and no more: replicate,
 * read the watched tables, own the state schema. An administrator runs it, and the plan. Without the password, which is
 * nothing for a script.
 *
 * @param provider null: Amazon's where the server is, else a plain Postgres.
 */
export function roleSql(config: Config, facts: Facts, roleName: string, provider: Provider | null = null): string {
  const role = identifier(roleName);
  const rules = provider === null ? null : PROVIDER_RULES[provider];
  const named = (text: string): string => text.replaceAll('<role>', () => role);
  const schemas = [...new Set(config.tables.map((table) => table.schema))].map(identifier);
  const isLimited = rules?.limited === true;
  const state = config.state.url === null ? [stateSchema(config.state.schema, role, facts)] : [];
  const statements = [
    ...(rules?.notes ?? []).map((note) => `-- ${named(note)}`),
    `CREATE ROLE ${role} LOGIN;  -- then, in psql: \\password ${roleName}`,
    rules === null ? replicationHint(role, facts.role.rds) : named(rules.replication),
    `GRANT CONNECT ON DATABASE ${identifier(facts.server.database)} TO ${role};`,
    ...(schemas.length === 0 ? [] : [`GRANT USAGE ON SCHEMA ${schemas.join(', ')} TO ${role};`]),
    ...(config.tables.length === 0 ? [] : [`GRANT SELECT ON ${config.tables.map(qualified).join(', ')} TO ${role};`]),
    ...(isLimited && state.length > 0 ? [`GRANT ${role} TO CURRENT_USER;`, ...state, `REVOKE ${role} FROM CURRENT_USER;`] : state),
  ];
  return statements.join('\n');
}

function stateSchema(schema: string, role: string, facts: Facts): string {
  const name = identifier(schema);
  return facts.schemas.includes(schema) ? `ALTER SCHEMA ${name} OWNER TO ${role};` : `CREATE SCHEMA ${name} AUTHORIZATION ${role};`;
}
