-- The application's role owns its database and may replicate, so walhook can use it as it is.
-- Not a superuser. For a role that can do less, see `walhook setup`.
create role app login replication password 'app';
create database app owner app;

\connect app
set role app;

create table profiles (
  user_id uuid primary key default gen_random_uuid(),
  email text,
  first_name text,
  last_name text,
  country text,
  country_visible boolean not null default true
);
