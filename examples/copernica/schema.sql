-- Profiles of a database, and the rows of collections below them.
create table profiles (
  id integer primary key,
  database integer not null,
  name text,
  mail text,
  interests text[] not null default '{}',
  created timestamptz not null default now(),
  modified timestamptz not null default now()
);

create table subprofiles (
  id integer primary key,
  profile integer not null references profiles on delete cascade,
  database integer not null,
  collection integer not null,
  product text,
  amount numeric(10, 2),
  note text,
  created timestamptz not null default now(),
  modified timestamptz not null default now()
);
