-- Where a slot's deliveries go for workers to take them from (`engine`). It stays when the configuration has no engine any more: what workers
-- have not delivered is there still.
create table engine (
  slot text collate "C" primary key,
  -- as the cluster calls itself
  cluster text not null,
  topic text not null,
  since timestamptz not null default now()
);
