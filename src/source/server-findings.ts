import type { Config } from '../config.ts';
import { error, type Finding, warning } from '../finding.ts';
import { replicationHint, WAL_LEVEL_HINT } from './connection-error.ts';
import type { Facts } from './facts.ts';
import { watched } from './plan.ts';
import { isPublished, willBeFull } from './publishable.ts';
import { identifier, tableName } from './quote.ts';

/** The oldest Postgres that is supported: server_version_num. */
const OLDEST = 140_000;
/** A wal_sender_timeout below this leaves too little time between two status reports, in milliseconds. */
const SHORT_SENDER_TIMEOUT = 5_000;

export function serverFindings({ server, slot }: Facts): Finding[] {
  const found: Finding[] = [];
  if (server.version < OLDEST) {
    found.push(error({ code: 'server_version', message: `Postgres ${Math.floor(server.version / 10_000)} is too old: 14 to 18 are supported` }));
  }
  if (server.inRecovery) {
    found.push(error({ code: 'standby', message: 'the server is a standby, where no publication or slot can be made', fix: 'name the primary in source.url', path: 'source.url' }));
  }
  if (server.walLevel !== 'logical') {
    found.push(error({ code: 'wal_level', message: `wal_level is ${server.walLevel}, and must be logical`, fix: WAL_LEVEL_HINT }));
  }
  if (slot === null && server.slots.used >= server.slots.max) {
    found.push(
      error({
        code: 'no_free_slot',
        message: `all ${server.slots.max} replication slots are in use`,
        fix: `ALTER SYSTEM SET max_replication_slots = ${server.slots.max + 4};  -- then restart Postgres, or drop one that nobody needs: SELECT slot_name, active, wal_status FROM pg_replication_slots;`,
      }),
    );
  }
  // A slot of ours that is active has its WAL sender already.
  if (slot?.activePid == null && server.senders.used >= server.senders.max) {
    found.push(
      error({ code: 'no_free_wal_sender', message: `all ${server.senders.max} WAL senders are in use`, fix: `ALTER SYSTEM SET max_wal_senders = ${server.senders.max + 4};  -- then restart Postgres` }),
    );
  }
  if (server.slotWalLimit === null) {
    found.push(
      warning({
        code: 'slot_wal_unlimited',
        message: 'max_slot_wal_keep_size is -1: while walhook is down, its slot keeps WAL until the disk is full',
        fix: `ALTER SYSTEM SET max_slot_wal_keep_size = '50GB';  -- less than the disk has free; then SELECT pg_reload_conf();`,
      }),
    );
  }
  if (server.senderTimeout === 0) {
    found.push(
      warning({
        code: 'sender_timeout_off',
        message: 'wal_sender_timeout is 0: Postgres never notices that walhook is gone, and its slot stays in use',
        fix: `ALTER SYSTEM SET wal_sender_timeout = '60s';  -- then SELECT pg_reload_conf();`,
      }),
    );
  } else if (server.senderTimeout < SHORT_SENDER_TIMEOUT) {
    found.push(
      warning({
        code: 'sender_timeout_short',
        message: `wal_sender_timeout is ${server.senderTimeout} ms: a short pause of the network or of walhook ends the stream`,
        fix: `ALTER SYSTEM SET wal_sender_timeout = '60s';  -- then SELECT pg_reload_conf();`,
      }),
    );
  }
  return found;
}

export function roleFindings(config: Config, facts: Facts): Finding[] {
  const { role, schemas } = facts;
  const found: Finding[] = [];
  const name = identifier(role.name);
  if (!role.replication) {
    found.push(error({ code: 'replication_privilege', message: `role ${role.name} may not use replication`, fix: replicationHint(name, role.rds) }));
  }
  const { url, schema } = config.state;
  if (url === null && !schemas.includes(schema) && !role.create) {
    found.push(
      error({
        code: 'state_schema_privilege',
        message: `role ${role.name} may not create the state schema ${schema}`,
        fix: `CREATE SCHEMA ${identifier(schema)} AUTHORIZATION ${name};`,
        path: 'state.schema',
      }),
    );
  }
  if (config.source.manage) found.push(...manageFindings(config, facts));
  return found;
}

/** What the plan has steps for and the role may not do. */
function manageFindings(config: Config, facts: Facts): Finding[] {
  const { role, server, publication } = facts;
  const name = identifier(role.name);
  const found: Finding[] = [];
  if (publication === null && !role.create) {
    found.push(
      error({
        code: 'create_privilege',
        message: `role ${role.name} may not create a publication in database ${server.database}`,
        fix: `GRANT CREATE ON DATABASE ${identifier(server.database)} TO ${name};  -- or source.manage: false, and run the SQL of "walhook plan" as an administrator`,
        path: 'source.manage',
      }),
    );
  }
  for (const { table, relation } of watched(config, facts)) {
    const toDo = !isPublished(publication, table) || (willBeFull(table, relation, facts) && relation.identity.setting !== 'f');
    if (relation.owned || !toDo) continue;
    found.push(
      error({
        code: 'not_owner',
        message: `table ${tableName(table)} belongs to ${relation.owner}, so role ${role.name} may neither publish it nor set its replica identity`,
        fix: `GRANT ${identifier(relation.owner)} TO ${name};  -- or source.manage: false, and run the SQL of "walhook plan" as its owner`,
        path: 'source.manage',
      }),
    );
  }
  return found;
}
