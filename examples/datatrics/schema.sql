-- Profiles of visitors. Those without an address are not known.
create table profiles (
  profileid uuid primary key,
  email text,
  gender text,
  last_page text,
  visits integer not null default 0,
  notes text
);
