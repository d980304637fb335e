-- A user's profile. `country_visible` says whether others may see the country.
create table profiles (
  email text,
  first_name text,
  last_name text,
  country text,
  country_visible boolean not null default true,
  user_id uuid primary key default gen_random_uuid()
);
