-- breaking
-- Rows that matched hooks with a schedule, until their time comes.

-- One for each hook, endpoint and row, however often the row matches. It stays when it has been sent, so that what a crash makes
-- the stream bring again is known, until the checkpoint is past its last match.
create table held (
  hook text collate "C",
  endpoint text collate "C",
  -- a hash of the row's key
  row_hash text collate "C",
  -- the key itself, by which the row is read when the time has come: {"column": "text", …}; empty once it has been
  key jsonb not null,
  -- null: sent
  due_at timestamptz,
  -- the time that it was sent for last
  sent_due timestamptz,
  -- the last match
  id text not null,
  commit_lsn pg_lsn not null,
  ordinal bigint not null,
  -- counts matches: a row that matched again while it was being sent is sent again; and the order of deliveries
  serial bigint generated always as identity,
  primary key (hook, endpoint, row_hash)
)
with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

create index held_due on held (hook, due_at, serial) where due_at is not null;
create index held_sent on held (commit_lsn) where due_at is null;

-- How far the first run of hooks with `backfill: initial` has come.
create table backfill (
  hook text collate "C" primary key,
  -- when its rows are sent
  due_at timestamptz not null,
  -- the key of the last row that was looked at, as in held; null before the first
  after jsonb,
  done_at timestamptz
);
