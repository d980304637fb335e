import { expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { connectionError } from '../../src/source/connection-error.ts';

const LABEL = 'me@db.example.com:5432/app';

function coded(code: string | undefined, message: string, detail?: string): Error {
  return Object.assign(new Error(message), { code, detail });
}

// Messages as Postgres 14 to 18, pg and Node write them.
test.each<[string, number, 'retry' | 'stop', Error, RegExp]>([
  ['database_unreachable', 69, 'retry', coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432'), /pg_isready -h db.example.com -p 5432/],
  ['database_unreachable', 69, 'retry', coded('ENOTFOUND', 'getaddrinfo ENOTFOUND db.example.com'), /pg_isready/],
  ['database_unreachable', 69, 'retry', coded(undefined, 'timeout expired'), /pg_isready/],
  ['database_unreachable', 69, 'retry', coded(undefined, 'Connection terminated unexpectedly'), /pg_isready/],
  ['database_starting', 69, 'retry', coded('57P03', 'the database system is starting up'), /./],
  ['database_error', 69, 'retry', coded('57P01', 'terminating connection due to administrator command'), /./],
  ['wrong_password', 77, 'stop', coded('28P01', 'password authentication failed for user "me"'), /ALTER ROLE "me" PASSWORD/],
  ['password_missing', 77, 'stop', coded(undefined, 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), /PGPASSWORD/],
  ['no_pg_hba_entry', 77, 'stop', coded('28000', 'no pg_hba.conf entry for host "10.0.0.1", user "me", database "app", no encryption'), /pg_hba\.conf/],
  ['no_login', 77, 'stop', coded('28000', 'role "me" is not permitted to log in'), /ALTER ROLE "me" LOGIN;/],
  ['no_such_role', 77, 'stop', coded('28000', 'role "me" does not exist'), /CREATE ROLE "me"/],
  ['no_such_database', 77, 'stop', coded('3D000', 'database "app" does not exist'), /CREATE DATABASE/],
  ['replication_privilege', 77, 'stop', coded('42501', 'must be superuser or replication role to start walsender'), /ALTER ROLE "me" REPLICATION;/],
  ['replication_privilege', 77, 'stop', coded('42501', 'permission denied to start WAL sender'), /ALTER ROLE "me" REPLICATION;/],
  ['replication_privilege', 77, 'stop', coded('42501', 'permission denied to use replication slots'), /ALTER ROLE "me" REPLICATION;/],
  ['create_privilege', 77, 'stop', coded('42501', 'permission denied for database app'), /GRANT CREATE ON DATABASE "app" TO "me";/],
  ['table_privilege', 77, 'stop', coded('42501', 'permission denied for table profiles'), /GRANT SELECT ON "profiles" TO "me";/],
  ['not_owner', 77, 'stop', coded('42501', 'must be owner of table profiles'), /ALTER TABLE "profiles" OWNER TO "me";/],
  ['wal_level', 3, 'stop', coded('55000', 'logical decoding requires wal_level >= logical'), /ALTER SYSTEM SET wal_level = 'logical';.*restart/],
  ['wal_level', 3, 'stop', coded('55000', 'logical decoding requires "wal_level" >= "logical"'), /wal_level/],
  ['slot_invalidated', 1, 'stop', coded('55000', 'can no longer get changes from replication slot "walhook"'), /walhook check/],
  ['slot_in_use', 69, 'retry', coded('55006', 'replication slot "walhook" is active for PID 4711'), /pg_terminate_backend\(4711\)/],
  ['slot_missing', 1, 'stop', coded('42704', 'replication slot "walhook" does not exist'), /walhook setup/],
  ['publication_missing', 1, 'stop', coded('42704', 'publication "walhook" does not exist'), /walhook setup/],
  ['no_free_slot', 1, 'stop', coded('53400', 'all replication slots are in use'), /max_replication_slots/],
  ['no_free_wal_sender', 1, 'retry', coded('53300', 'number of requested standby connections exceeds "max_wal_senders" (currently 10)'), /max_wal_senders/],
  ['too_many_connections', 1, 'retry', coded('53300', 'sorry, too many clients already'), /max_connections/],
  ['lock_timeout', 69, 'retry', coded('55P03', 'canceling statement due to lock timeout'), /pg_stat_activity/],
  ['tls_unsupported', 1, 'stop', coded(undefined, 'The server does not support SSL connections'), /sslmode/],
  ['tls_unverified', 1, 'stop', coded('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), /sslrootcert/],
])('%s, exit %i, %s: %s', (...row) => {
  const [code, exit, reaction, error, hint] = row;
  const said = connectionError(error, { label: LABEL });
  expect(said).toMatchObject({ code, exit, reaction });
  expect(said.message).toContain(LABEL);
  expect(said.message).not.toContain('\n');
  if (code !== 'database_starting' && code !== 'database_error') expect(said.hint).toMatch(hint);
});

test('a detail with row values goes nowhere', () => {
  const said = connectionError(coded('23505', 'duplicate key value violates unique constraint "a"', 'Key (email)=(a@b.example) already exists.'), { label: LABEL });
  expect(JSON.stringify([said, said.message, said.hint, said.cause])).not.toContain('a@b.example');
});

test('a fault of ours keeps its stack, and what is a WalhookError already stays as it is', () => {
  const fault = new TypeError('x is not a function');
  expect(connectionError(fault).cause).toBe(fault);
  const known = new WalhookError('said', { code: 'known' });
  expect(connectionError(known)).toBe(known);
});

test('a role that is not known is a place in the hint', () => {
  expect(connectionError(coded('42501', 'permission denied to start WAL sender')).hint).toContain('ALTER ROLE <role> REPLICATION;');
});
