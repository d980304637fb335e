-- New signing secrets of endpoints, until the configuration has them.

-- One for each endpoint whose secret was rotated.
create table rotation (
  endpoint text collate "C" primary key,
  -- the new secret, encrypted with the one that it follows: nothing here signs without the configuration
  sealed bytea not null,
  -- SHA-256 of the new secret: tells whether the configuration has it
  fingerprint bytea not null,
  began_at timestamptz not null,
  -- until then the configuration's secrets sign too
  ends_at timestamptz not null
);
