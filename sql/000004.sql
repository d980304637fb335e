-- breaking
-- What goes by row: cooldowns, and events that are held for a schedule.

-- A hash of the row's key. Null where the hook has no cooldown.
alter table parked add column row_hash text collate "C";
alter table dead add column row_hash text collate "C";

-- Which delivery of a row was the last that its cooldown let through. The key itself is not stored.
create table claim (
  hook text collate "C",
  endpoint text collate "C",
  row_hash text collate "C",
  -- webhook-id: the same delivery may be tried again
  id text not null,
  -- when its event was committed
  committed_at timestamptz not null,
  -- until when, by the commits of its events, the row's others are left out
  until timestamptz not null,
  claimed_at timestamptz not null,
  primary key (hook, endpoint, row_hash)
)
-- The same rows again and again: with room on the page the updates are heap-only.
with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
