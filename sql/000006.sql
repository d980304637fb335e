-- Backfills: rows that were there before, sent while streaming goes on.
create table backfills (
  id text collate "C" primary key,
  hook text collate "C" not null,
  -- schema.table
  table_name text not null,
  origin text not null check (origin in ('command', 'initial', 'resync', 'console')),
  state text not null check (state in ('waiting', 'running', 'paused', 'done', 'cancelled', 'failed')),
  -- why it is paused or failed
  reason text,
  -- SQL; null: all rows
  condition text,
  -- the columns that are sent; null: as the hook says
  columns text[],
  -- rows a second; null: no limit
  rate double precision,
  -- the key of the last row that was looked at: {"column": "text", …}; null before the first. Up to here all is delivered, parked or dead.
  after jsonb,
  -- keys of rows before it that are to be looked at again
  again jsonb not null default '[]',
  rows_done bigint not null default 0,
  rows_sent bigint not null default 0,
  rows_estimated bigint,
  requested_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  ended_at timestamptz
)
with (fillfactor = 70);

create unique index backfills_active on backfills (hook, coalesce(condition, '')) where ended_at is null;
-- the first start that knows a hook is once
create unique index backfills_initial on backfills (hook) where origin = 'initial';
create index backfills_requested on backfills (requested_at desc);
