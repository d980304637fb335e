-- What a community is made of, each fact in one place.
create table organizations (
  id bigint primary key,
  name text not null,
  domain text,
  city text,
  region text,
  country text,
  logo_url text
);

create table contacts (
  id bigint primary key,
  full_name text not null,
  primary_email text,
  avatar_url text,
  title text,
  role text,
  organization_id bigint references organizations,
  first_seen_at timestamptz,
  first_seen_signal text,
  last_seen_at timestamptz,
  last_seen_source text
);

create table contact_emails (
  contact_id bigint references contacts,
  email text,
  primary key (contact_id, email)
);

create table contact_accounts (
  contact_id bigint references contacts,
  service text,
  handle text not null,
  url text not null,
  primary key (contact_id, service)
);

create table segments (id bigint primary key, name text not null);
create table contact_segments (
  contact_id bigint references contacts,
  segment_id bigint references segments,
  primary key (contact_id, segment_id)
);

create table tags (id bigint primary key, name text not null);
create table contact_tags (
  contact_id bigint references contacts,
  tag_id bigint references tags,
  primary key (contact_id, tag_id)
);

create table activities (
  id bigint primary key,
  contact_id bigint not null references contacts,
  activity_type text not null,
  service_name text not null,
  title text,
  content text,
  provider_id bigint,
  token text,
  external_url text,
  happened_at timestamptz not null,
  categories text[] not null default '{}',
  sentiment text,
  topics text[] not null default '{}'
);
create table activity_tags (
  activity_id bigint references activities,
  tag_id bigint references tags,
  primary key (activity_id, tag_id)
);
