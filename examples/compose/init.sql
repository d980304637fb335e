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

-- walhook would make all of this itself when it starts (`walhook plan` prints it). Made here, it is there before the
-- first row, so that rows written while walhook still starts are sent too.
alter table profiles replica identity full;
create publication walhook for table profiles
  with (publish = 'insert, update, delete, truncate', publish_via_partition_root = true, publish_generated_columns = stored);
select pg_create_logical_replication_slot('walhook', 'pgoutput');
