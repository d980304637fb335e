-- breaking
-- What outlives a restart besides deliveries: how endpoints are doing, and who may write here.

-- Whether an endpoint is sent to. One that has no row is well.
create table endpoint (
  name text collate "C" primary key,
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  -- why it is not active, for people
  reason text,
  -- when the state last changed
  since timestamptz not null default clock_timestamp(),
  -- when it failed first after its last success; null if it does not fail
  failing_since timestamptz,
  -- when its open breaker lets a probe through; null if the breaker is closed
  probe_at timestamptz
);

-- The daemon that has a slot, and so may write. Each that takes the slot over counts the epoch up; a write that bears an
-- older epoch is refused, so that a daemon that was stopped (SIGSTOP, a partition) cannot undo what its successor did.
create table owner (
  slot text primary key,
  epoch bigint not null,
  -- host and process, for people
  holder text not null,
  since timestamptz not null default clock_timestamp()
)
with (fillfactor = 50);

-- Null: the endpoint's own, as the configuration has it when the delivery is sent.
alter table parked alter column method drop not null, alter column path drop not null;
alter table dead alter column method drop not null, alter column path drop not null;

-- What the publication sent of the watched tables when it was looked at last: what is missing of it later was not sent.
alter table checkpoint add column published text[];
-- Up to here the publication was seen to leave nothing out.
alter table checkpoint add column whole_lsn pg_lsn;
