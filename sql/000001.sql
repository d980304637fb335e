-- breaking
-- The state schema: where walhook has come to, what it could not send yet, and what it gave up on.
-- Names are unqualified: the migrator sets search_path to the schema that the config names.
-- What is compared and never sorted for people has collation "C", which costs a tenth of a language's.

-- How far a slot's stream has been dealt with: everything at or below (lsn, within) is delivered, parked or dead.
create table checkpoint (
  slot text primary key,
  -- pg_control_system().system_identifier
  system_id bigint not null,
  timeline integer not null,
  publication text not null,
  lsn pg_lsn not null,
  -- Also dealt with: the changes up to this ordinal of the transaction that commits here.
  within_commit_lsn pg_lsn,
  within_ordinal bigint,
  updated_at timestamptz not null default clock_timestamp(),
  check ((within_commit_lsn is null) = (within_ordinal is null))
)
-- One row that is updated every second: room on its page keeps the updates heap-only.
with (fillfactor = 50);

-- Deliveries that are stored because they could not be sent yet. An outage fills this within seconds, long before any
-- ANALYZE, and drains it as fast, so its keys are made for queries that one index alone can answer, whatever the planner
-- believes: see src/store/parked-index.ts.
create table parked (
  -- id, a space, endpoint: unique in one column, which the planner knows without statistics
  key text collate "C" primary key,
  endpoint text collate "C" not null,
  -- webhook-id
  id text not null,
  hook text not null,
  -- a hash of the ordering key, which holds row values and is therefore not stored
  lane bigint not null,
  commit_lsn pg_lsn not null,
  ordinal bigint not null,
  nth integer not null,
  operation text not null,
  table_name text not null,
  method text not null,
  path text not null,
  content_type text not null,
  body bytea not null,
  attempts integer not null,
  due_at timestamptz not null,
  committed_at timestamptz not null,
  parked_at timestamptz not null default clock_timestamp(),
  -- the last attempt: all null where none has been made
  failure text,
  status integer,
  message text,
  response text
)
with (
  -- A failed attempt updates due_at and the failure, which no index holds: with room on the page the update is
  -- heap-only. Only the heads of lanes are ever tried, so little room is enough.
  fillfactor = 95,
  -- A queue: millions of rows come, go, and leave dead tuples that every page and head lookup must step over. A share
  -- of the table's size would let them pile up for hours, so vacuum after a fixed number of them.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 200000,
  toast.autovacuum_vacuum_scale_factor = 0,
  toast.autovacuum_vacuum_threshold = 20000
);

-- An endpoint's deliveries in sequence. "POSIX" is "C" by another name: with it the planner cannot take this index where
-- the next one is meant, whatever it believes about their cost.
create index parked_sequence on parked (endpoint collate "POSIX", commit_lsn, ordinal, nth);
-- A lane's deliveries in sequence, its head first. Without due_at, so that a failed attempt stays heap-only.
create index parked_lane on parked (endpoint, lane, commit_lsn, ordinal, nth);

-- Deliveries that gave up: kept until someone replays or discards them.
create table dead (
  -- id, a space, endpoint
  key text collate "C" primary key,
  endpoint text collate "C" not null,
  id text not null,
  hook text not null,
  lane bigint not null,
  commit_lsn pg_lsn not null,
  ordinal bigint not null,
  nth integer not null,
  operation text not null,
  table_name text not null,
  method text not null,
  path text not null,
  content_type text not null,
  body bytea not null,
  attempts integer not null,
  committed_at timestamptz not null,
  -- null if it was never parked
  parked_at timestamptz,
  died_at timestamptz not null default clock_timestamp(),
  -- why it gave up: the last attempt
  failure text not null,
  status integer,
  message text not null,
  response text not null
);

-- For people, who want the latest first, and for retention, which begins with the oldest.
create index dead_latest on dead (endpoint, died_at, id);

-- Bodies above 2 kB are compressed: lz4 takes a fifth of pglz's CPU, but a server may be built without it.
do $$
begin
  alter table parked alter column body set compression lz4;
  alter table dead alter column body set compression lz4;
exception when feature_not_supported or invalid_parameter_value then
  null;
end
$$;
