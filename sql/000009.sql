-- breaking
-- Which keys have sealed something (state.encryption): a start that lacks one of them is refused.
-- The columns body, path, headers and response of parked and dead may be sealed: see src/store/cipher.ts. A walhook that does
-- not know of it would send what is sealed as it stands.

create table sealing_key (
  -- of the key's hash
  id text collate "C" primary key,
  first_used_at timestamptz not null default clock_timestamp()
);
