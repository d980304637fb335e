-- breaking
-- What goes by row: cooldowns, and events that are held for a schedule.

-- A hash of the row's key. Null where no cooldown is asked: the hook has none, or the delivery is a replayed dead letter.
alter table parked add column row_hash text collate "C";

-- Which deliveries of a row its cooldown let through. The key itself is not stored. One that has a claim is let through again,
-- however often it is tried; one that dies has none any more.
create table claim (
  hook text collate "C",
  endpoint text collate "C",
  row_hash text collate "C",
  -- webhook-id
  id text collate "C",
  -- when its event was committed
  committed_at timestamptz not null,
  -- until when, by the commits of their events, the row's others are left out
  until timestamptz not null,
  claimed_at timestamptz not null,
  primary key (hook, endpoint, row_hash, id)
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
