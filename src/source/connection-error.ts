import { EXIT, type ExitCode, type Reaction, WalhookError } from '../errors.ts';
import { reactionTo, safeMessage, sqlState } from '../reaction.ts';
import { identifier } from './quote.ts';

/** What an error is about, as far as it is known: only for the message. */
export interface ErrorContext {
  /** `user@host:5432/database`. Default: the source database. */
  readonly label?: string;
  /** What was being done, as in `create publication "walhook"`. Default: connect, or stream. */
  readonly doing?: string;
}

interface Diagnosis {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly exit: ExitCode;
  readonly reaction?: Reaction;
}

/**
 * One clear line for an error of pg, of the network or of Postgres, with what to do about it.
 * SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
 * Where one SQLSTATE stands for several faults the message decides, which a server with another lc_messages writes in
 * another language: then the general diagnosis of its class is made.
 */
export function connectionError(error: unknown, context: ErrorContext = {}): WalhookError {
  if (error instanceof WalhookError) return error;
  const { code, message, hint, exit, reaction } = diagnose(error, context);
  return new WalhookError(message, {
    code,
    exit,
    reaction: reaction ?? reactionTo(error),
    ...(hint === undefined ? {} : { hint }),
    // An error of Postgres has row values in its detail; any other may be a fault of ours, whose stack is wanted.
    ...(sqlState(error) === null ? { cause: error } : {}),
  });
}

function diagnose(error: unknown, context: ErrorContext): Diagnosis {
  const state = sqlState(error);
  const text = error instanceof Error ? error.message : '';
  const where = place(context);
  const role = roleOf(context);
  const said = safeMessage(error);

  if (state === null) return withoutState(error, context);
  switch (state) {
    case '57P03':
      return { code: 'database_starting', message: `${where}: ${text}`, exit: EXIT.unavailable };
    case '28P01':
      return denied('wrong_password', `${where}: the password is wrong, or the role does not exist`, `ALTER ROLE ${role} PASSWORD '…';`);
    case '28000':
      return invalidAuthorization(text, where, role);
    case '3D000':
      return denied('no_such_database', `${where}: the database does not exist`, 'CREATE DATABASE …;  -- or name another in source.url');
    case '42501':
      return notPermitted(text, where, role);
    case '53300':
      return /max_wal_senders|standby connections/i.test(text)
        ? failed('no_free_wal_sender', `${where}: all WAL senders are in use`, `ALTER SYSTEM SET max_wal_senders = …;  -- then restart Postgres`)
        : failed('too_many_connections', `${where}: ${said}`, `ALTER SYSTEM SET max_connections = …;  -- then restart Postgres, or close idle connections`);
    case '53400':
      return {
        code: 'no_free_slot',
        message: `${where}: all replication slots are in use`,
        hint: `SELECT slot_name, active, wal_status FROM pg_replication_slots;  -- drop one that nobody needs, or ALTER SYSTEM SET max_replication_slots = …; and restart Postgres`,
        exit: EXIT.failure,
        reaction: 'stop',
      };
    case '55000':
      return wrongState(text, where, said);
    case '55006':
      return inUse(text, where, said);
    case '55P03':
      return {
        code: 'lock_timeout',
        message: `${where}: a lock was not to be had in time, so that nothing of the application's would wait behind it`,
        hint: `SELECT pid, usename, application_name, xact_start, wait_event_type, pg_blocking_pids(pid) FROM pg_stat_activity WHERE xact_start IS NOT NULL ORDER BY xact_start;  -- then try again when the oldest have ended`,
        exit: EXIT.unavailable,
        reaction: 'retry',
      };
    case '42704':
      return missingObject(text, where, said);
    default:
      return { code: 'database_error', message: `${where}: ${said}`, exit: reactionTo(error) === 'retry' ? EXIT.unavailable : EXIT.failure };
  }
}

function withoutState(error: unknown, context: ErrorContext): Diagnosis {
  const where = place(context);
  const said = safeMessage(error);
  if (/password must be a (?:non-empty )?string/i.test(said)) {
    return denied('password_missing', `${where}: the server asks for a password and none is given`, 'PGPASSWORD, or postgres://user:password@… in source.url');
  }
  if (/does not support ssl/i.test(said)) {
    return failed('tls_unsupported', `${where}: the server does not offer TLS`, 'sslmode=prefer or sslmode=disable in the URL, or ssl = on in postgresql.conf');
  }
  if (/certificate|self-signed|altnames/i.test(said)) {
    return failed('tls_unverified', `${where}: the server's certificate is not accepted: ${said}`, 'sslrootcert=/path/to/ca.pem in the URL; sslmode=require does not verify at all');
  }
  if (reactionTo(error) === 'retry') {
    return {
      code: 'database_unreachable',
      message: context.doing === undefined ? `${where}: the database cannot be reached: ${said}` : `${where}: ${said}`,
      hint: reachHint(context.label),
      exit: EXIT.unavailable,
    };
  }
  return { code: 'database_error', message: `${where}: ${said}`, exit: EXIT.failure };
}

function invalidAuthorization(text: string, where: string, role: string): Diagnosis {
  if (/pg_hba\.conf/.test(text)) {
    return denied('no_pg_hba_entry', `${where}: pg_hba.conf lets this role, database, address or encryption not in`, `a line in pg_hba.conf such as: host  <database>  ${role}  <address>/32  scram-sha-256  -- then SELECT pg_reload_conf();`);
  }
  if (/not permitted to log in/.test(text)) return denied('no_login', `${where}: the role may not log in`, `ALTER ROLE ${role} LOGIN;`);
  if (/does not exist/.test(text)) return denied('no_such_role', `${where}: the role does not exist`, `CREATE ROLE ${role} LOGIN REPLICATION PASSWORD '…';`);
  return denied('not_authorized', `${where}: Postgres does not let the role in`, `ALTER ROLE ${role} LOGIN;`);
}

function notPermitted(text: string, where: string, role: string): Diagnosis {
  if (/replication|wal sender|walsender/i.test(text)) {
    return denied('replication_privilege', `${where}: the role may not use replication`, replicationHint(role));
  }
  const object = /permission denied for (\w[\w ]*?) (\S+)$/.exec(text);
  if (object?.[1] === 'database') return denied('create_privilege', `${where}: ${text}`, `GRANT CREATE ON DATABASE ${quotedOnce(object[2])} TO ${role};`);
  if (object?.[1] === 'schema') return denied('schema_privilege', `${where}: ${text}`, `GRANT USAGE, CREATE ON SCHEMA ${quotedOnce(object[2])} TO ${role};`);
  if (object !== null) return denied('table_privilege', `${where}: ${text}`, `GRANT SELECT ON ${quotedOnce(object[2])} TO ${role};`);
  const owned = /must be owner of (\w[\w ]*?) (\S+)$/.exec(text);
  if (owned !== null) {
    return denied('not_owner', `${where}: ${text}`, `ALTER ${(owned[1] ?? 'table').toUpperCase()} ${quotedOnce(owned[2])} OWNER TO ${role};  -- or run the SQL of "walhook plan" as its owner, with source.manage: false`);
  }
  return denied('not_permitted', `${where}: ${text}`, 'run the SQL of "walhook plan" as an administrator, with source.manage: false');
}

/** The statement that lets a role use replication. On Amazon RDS the attribute is not to be had. */
export function replicationHint(role: string, rds = false): string {
  return rds ? `GRANT rds_replication TO ${role};` : `ALTER ROLE ${role} REPLICATION;  -- Amazon RDS: GRANT rds_replication TO ${role};`;
}

function wrongState(text: string, where: string, said: string): Diagnosis {
  if (/wal_level/.test(text)) {
    return { ...failed('wal_level', `${where}: wal_level is not logical`, WAL_LEVEL_HINT), exit: EXIT.checkFailed };
  }
  if (/can no longer (?:get changes from|access) replication slot|invalidated/i.test(text)) {
    return { ...failed('slot_invalidated', `${where}: ${text}`, 'walhook check'), exit: EXIT.failure };
  }
  return { code: 'database_state', message: `${where}: ${said}`, exit: EXIT.failure };
}

export const WAL_LEVEL_HINT = `ALTER SYSTEM SET wal_level = 'logical';  -- then restart Postgres (Amazon RDS: rds.logical_replication = 1 in the parameter group)`;

function inUse(text: string, where: string, said: string): Diagnosis {
  const holder = /active for PID (\d+)/.exec(text)?.[1];
  if (holder === undefined) return { code: 'object_in_use', message: `${where}: ${said}`, exit: EXIT.unavailable, reaction: 'retry' };
  return {
    code: 'slot_in_use',
    message: `${where}: the slot is in use by the server process ${holder}; another walhook may be running`,
    hint: `SELECT pid, usename, application_name, client_addr, backend_start FROM pg_stat_activity WHERE pid = ${holder};  -- if nobody needs it: SELECT pg_terminate_backend(${holder});`,
    exit: EXIT.unavailable,
    reaction: 'retry',
  };
}

function missingObject(text: string, where: string, said: string): Diagnosis {
  if (text.startsWith('replication slot')) return failed('slot_missing', `${where}: ${text}`, 'walhook setup');
  if (text.startsWith('publication')) return failed('publication_missing', `${where}: ${text}`, 'walhook setup');
  return { code: 'database_error', message: `${where}: ${said}`, exit: EXIT.failure };
}

function denied(code: string, message: string, hint: string): Diagnosis {
  return { code, message, hint, exit: EXIT.notPermitted, reaction: 'stop' };
}

function failed(code: string, message: string, hint: string): Diagnosis {
  return { code, message, hint, exit: EXIT.failure };
}

/** A name out of a message of Postgres, which writes it bare. */
function quotedOnce(name: string | undefined): string {
  return identifier((name ?? '…').replace(/^"(.*)"$/, '$1'));
}

function place({ label = 'source database', doing }: ErrorContext): string {
  return doing === undefined ? label : `${label}: could not ${doing}`;
}

/** The role as SQL writes it, or a place for its name. */
function roleOf({ label = '' }: ErrorContext): string {
  const end = label.lastIndexOf('@');
  return end < 0 ? '<role>' : identifier(label.slice(0, end));
}

function reachHint(label = ''): string {
  const [, host, port] = /@([^@]*):(\d+)\/[^@]*$/.exec(label) ?? [];
  return host === undefined ? 'pg_isready' : `pg_isready -h ${host} -p ${port}`;
}
