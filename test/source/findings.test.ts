import { expect, test } from 'vitest';
import { findings } from '../../src/source/findings.ts';
import { type ConfigParts, configOf } from './config.ts';
import { column, factsOf, identity, partition } from './facts.ts';

type FactParts = NonNullable<Parameters<typeof factsOf>[0]>;

const DEFAULT = { identity: identity('d', 'user_id') };
const all = (config: ConfigParts, facts: FactParts): ReturnType<typeof findings> => findings(configOf(config), factsOf(facts));
/** `error wal_level`, … */
const codes = (config: ConfigParts, facts: FactParts): string[] => all(config, facts).map((finding) => `${finding.severity} ${finding.code}`);

test('a healthy database has no findings', () => {
  expect(all({ table: 'replica_identity: full, lookup: [email]', hook: ', changed: [email], entering: true, when: "row.email == 1"' }, {})).toEqual([]);
});

test.each<[string, FactParts]>([
  ['error wal_level', { server: { walLevel: 'replica' } }],
  ['error standby', { server: { inRecovery: true } }],
  ['error server_version', { server: { version: 130_010 } }],
  ['error no_free_wal_sender', { server: { senders: { used: 10, max: 10 } } }],
  ['warning slot_wal_unlimited', { server: { slotWalLimit: null } }],
  ['warning sender_timeout_off', { server: { senderTimeout: 0 } }],
  ['warning sender_timeout_short', { server: { senderTimeout: 1_000 } }],
  ['error replication_privilege', { role: { replication: false } }],
  ['error state_schema_privilege', { role: { create: false }, schemas: [] }],
  ['error slot_plugin', { slot: { plugin: 'wal2json' } }],
  ['error slot_plugin', { slot: { plugin: null, database: null } }],
  ['error slot_database', { slot: { database: 'other' } }],
  ['error slot_temporary', { slot: { temporary: true } }],
  ['error slot_invalidated', { slot: { walStatus: 'lost' } }],
  ['error slot_invalidated', { slot: { invalidation: 'idle_timeout' } }],
  ['warning slot_unreserved', { slot: { walStatus: 'unreserved' } }],
  ['warning slot_in_use', { slot: { activePid: 4711 } }],
  ['error publication_lost', { publication: null }],
  ['info slot_missing', { slot: null }],
  ['info publication_options', { publication: { viaRoot: false } }],
  ['info publication_options', { publication: { publishes: { insert: true, update: true, delete: false, truncate: true } } }],
  ['info publication_generated', { publication: { generatedColumns: 'none' } }],
  ['info table_not_published', { publication: { tables: [] } }],
  ['warning publication_owner', { publication: { owned: false } }],
  ['warning publication_row_filter', { publication: { tables: [{ oid: 1, schema: 'public', table: 'profiles', columns: null, rowFilter: true }] } }],
  ['error table_missing', { relation: null }],
  ['error not_publishable', { relation: { kind: 'view' } }],
  ['error not_publishable', { relation: { persistence: 'unlogged' } }],
  ['error no_key', { relation: { primaryKey: null } }],
  ['warning generated_column', { relation: { columns: [column('user_id'), column('g', { generated: 'stored' })] }, server: { version: 170_000 }, publication: { generatedColumns: null } }],
])('%s', (expected, facts) => {
  expect(codes({}, facts)).toEqual([expected]);
});

test.each<[string, ConfigParts, FactParts]>([
  ['error column_missing', { table: 'replica_identity: full, key: [user]' }, {}],
  ['error column_missing', { table: 'replica_identity: full, lookup: [emial]' }, {}],
  ['error column_missing', { hook: ', changed: [emial]' }, {}],
  ['error column_missing', { hook: ', order_by: [account]' }, {}],
  ['error column_missing', { hook: ', fields: { only: [emial] }' }, {}],
  ['error column_missing', { hook: ', fields: { rename: { emial: mail } }' }, {}],
  ['error rename_taken', { hook: ', fields: { rename: { phone: email } }' }, {}],
  ['error column_missing', { table: 'visibility: { contry: country_visible }' }, {}],
  ['error column_missing', { table: 'visibility: { country: hidden }' }, {}],
  ['error column_missing', { table: 'visibility: { column: secret }' }, {}],
  ['error flag_not_boolean', { table: 'visibility: { country: phone }' }, {}],
  ['error visibility_not_json', { table: 'visibility: { column: phone }' }, {}],
  ['error visibility_not_logged', { table: 'visibility: { country: country_visible }' }, { relation: DEFAULT }],
  ['error visibility_not_logged', { table: 'visibility: { column: privacy }' }, { relation: DEFAULT }],
  ['error changed_not_logged', { hook: ', changed: [email]' }, { relation: DEFAULT }],
  ['error entering_not_logged', { hook: `, entering: true, when: "row.email == 'x'"` }, { relation: DEFAULT }],
  ['warning old_not_logged', { hook: `, when: "old.email == 'x'"` }, { relation: DEFAULT }],
  ['warning lookup_not_logged', { table: 'lookup: [user_id, email]' }, { relation: DEFAULT }],
  ['error key_not_logged', { table: 'key: [email]' }, { relation: DEFAULT }],
  ['error order_by_not_logged', { hook: ', order_by: [email]' }, { relation: DEFAULT }],
  ['info replica_identity', { table: 'replica_identity: full' }, { relation: DEFAULT }],
  ['error identity_missing', { table: 'key: [user_id]' }, { relation: { primaryKey: null, identity: identity('d') } }],
  ['error identity_missing', {}, { relation: { identity: identity('n') } }],
  ['error virtual_column', { table: 'replica_identity: full' }, { relation: { ...DEFAULT, columns: [column('user_id'), column('v', { generated: 'virtual' })] } }],
  ['error column_list', { table: 'replica_identity: full' }, { publication: { tables: [{ oid: 1, schema: 'public', table: 'profiles', columns: ['user_id'], rowFilter: false }] } }],
  ['warning foreign_partition', {}, { relation: { kind: 'partitioned table', partitions: [partition('far', { kind: 'foreign table', identity: identity('f', 'user_id') })] } }],
  ['error no_free_slot', {}, { slot: null, server: { slots: { used: 10, max: 10 } } }],
  ['error create_privilege', {}, { role: { create: false }, slot: null, publication: null }],
  ['error not_owner', {}, { relation: { owned: false }, publication: { tables: [] } }],
  ['error not_owner', { table: 'replica_identity: full' }, { relation: { ...DEFAULT, owned: false } }],
])('%s for %j', (expected, config, facts) => {
  expect(codes(config, facts)).toContain(expected);
});

test('what the old row is needed for is no matter with REPLICA IDENTITY FULL, or once the plan has set it', () => {
  const config = { table: 'replica_identity: full, lookup: [email], visibility: { country: country_visible }', hook: ', changed: [email], entering: true, when: "row.email == 1", order_by: [email]' };
  expect(codes(config, { relation: DEFAULT })).toEqual(['info replica_identity']);
});

test.each(['omit: [email], rename: { phone: email }', 'rename: { phone: email, email: phone }', 'only: [phone], rename: { phone: email }'])('%s leaves each name to one column', (fields) => {
  expect(codes({ table: 'replica_identity: full', hook: `, fields: { ${fields} }` }, {})).toEqual([]);
});

test('a hook without deletes needs no key of old rows', () => {
  expect(codes({ table: 'key: [email]', hook: ', events: [insert]' }, { relation: DEFAULT }).filter((code) => code.startsWith('error'))).toEqual([]);
});

test('where walhook may not manage, what is to be done is an error', () => {
  const source = ', manage: false';
  expect(codes({ source }, { slot: null, publication: null })).toEqual(['error slot_missing', 'error publication_missing']);
  expect(codes({ source, table: 'replica_identity: full' }, { relation: DEFAULT })).toEqual(['error replica_identity']);
});

test('each has a path, and a fix where there is one', () => {
  const [missing] = all({ hook: ', changed: [emial]' }, {});
  expect(missing).toMatchObject({ message: 'table profiles has no column emial (did you mean "email"?)', path: 'hooks.crm-profiles.changed' });
  expect(all({}, { relation: null, siblings: ['profile', 'orders'] })[0]).toMatchObject({ message: 'there is no table public.profiles (did you mean "profile"?)', path: 'tables.profiles' });
  expect(all({}, { server: { walLevel: 'replica' } })[0]?.fix).toContain(`ALTER SYSTEM SET wal_level = 'logical'`);
  expect(all({}, { role: { replication: false, rds: true } })[0]?.fix).toBe('GRANT rds_replication TO "walhook";');
});

test('an endpoint without signing is warned of', () => {
  const config = configOf({ more: '' });
  const unsigned = { ...config, endpoints: config.endpoints.map((endpoint) => ({ ...endpoint, signing: null })) };
  expect(findings(unsigned, factsOf())).toMatchObject([{ severity: 'warning', code: 'unsigned_endpoint', path: 'endpoints.crm.signing' }]);
});

test('a role that owns nothing is fine where nothing is to be done', () => {
  expect(all({ table: 'replica_identity: full' }, { relation: { owned: false }, role: { create: false } })).toEqual([]);
});

test('errors come first', () => {
  const order = all({ hook: ', changed: [email]' }, { relation: DEFAULT, server: { slotWalLimit: null } }).map((finding) => finding.severity);
  expect(order).toEqual(['error', 'warning', 'info', 'info']);
});

test('a schedule stores keys, which must not be hidden', () => {
  const parts = { table: 'replica_identity: full, visibility: { user_id: email }', hook: ', schedule: "0 6 * * *"' };
  expect(codes(parts, {})).toContain('error schedule_key_hidden');
  expect(codes({ ...parts, hook: '' }, {})).not.toContain('error schedule_key_hidden');
  expect(codes({ ...parts, table: 'replica_identity: full, visibility: { notes: email }' }, {})).not.toContain('error schedule_key_hidden');
});
