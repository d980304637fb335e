-- Attempts of late, with what was sent, where `history` is configured: for people, and no part of what is promised.
-- Partitions are days of UTC, history_YYYYMMDD: walhook makes them ahead, and drops the old ones as a whole.
create table history (
  ended_at timestamptz not null,
  -- webhook-id
  id text collate "C" not null,
  endpoint text collate "C" not null,
  -- 1 for the first
  attempt integer not null,
  -- what became of the delivery with it
  result text not null check (result in ('delivered', 'parked', 'dead')),
  hook text not null,
  lane bigint not null,
  commit_lsn pg_lsn not null,
  ordinal bigint not null,
  nth integer not null,
  operation text not null,
  table_name text not null,
  committed_at timestamptz not null,
  duration_ms double precision not null,
  failure text,
  status integer,
  message text,
  response text,
  method text,
  path text,
  content_type text,
  headers text,
  -- null if it was too large to be kept, or with `bodies: false`
  body bytea,
  bytes integer not null
) partition by range (ended_at);

-- The attempts at a delivery; and a batch that is written twice is there once.
create unique index history_attempt on history (id, endpoint, attempt, ended_at);
-- For people, who want the latest first.
create index history_delivered on history (ended_at, id, endpoint) where result = 'delivered';

-- See 000001.sql.
do $$
begin
  alter table history alter column body set compression lz4;
exception when feature_not_supported or invalid_parameter_value then
  null;
end
$$;
