import type { Operation } from '../event.ts';

/** The configuration of the demo, as a file would have it. */
export const DEMO_CONFIG = `version: 1
source: { url: "\${DATABASE_URL}" }
server: { listen: 127.0.0.1:0 }              # any port that is free
tables:
  profiles:
    lookup: [email]
    visibility: { country: country_visible }   # a flag says whether country may be seen
    replica_identity: full                     # so that the WAL has whole old rows
endpoints:
  receiver:
    url: \${RECEIVER_URL}
    signing: { secrets: "\${WEBHOOK_SECRET}" }
    network: { allow: [127.0.0.0/8] }          # loopback is refused unless allowed
hooks:
  - { name: profiles, table: profiles, to: receiver }
`;

export const DEMO_TABLE = `create table profiles (
  user_id uuid primary key default gen_random_uuid(),
  email text not null,
  first_name text,
  last_name text,
  country text,
  country_visible boolean not null default true
);
`;

/** Something that happens to the row, and what must come of it. */
export interface Scene {
  readonly title: string;
  readonly sql: string;
  readonly expect: readonly Operation[];
  /** Shown where nothing comes of it. */
  readonly silence?: string;
}

export const SCENES: readonly Scene[] = [
  {
    title: 'A row is inserted',
    sql: `insert into profiles (email, first_name, last_name, country)
values ('jrose@acme.com', 'Juliet', 'Rose', 'Peru');`,
    expect: ['data_insert'],
  },
  {
    title: 'It is updated',
    sql: "update profiles set country = 'United States' where email = 'jrose@acme.com';",
    expect: ['data_update'],
  },
  {
    title: 'Its country is hidden: the receiver is told so, and the value stays here',
    sql: "update profiles set country_visible = false where email = 'jrose@acme.com';",
    expect: ['visibility_update'],
  },
  {
    title: 'The hidden country changes',
    sql: "update profiles set country = 'Iceland' where email = 'jrose@acme.com';",
    expect: [],
    silence: 'no webhook: nothing that the receiver may see has changed',
  },
  {
    title: 'Data and visibility change at once: two webhooks, data first',
    sql: "update profiles set last_name = 'Montague', country_visible = true where email = 'jrose@acme.com';",
    expect: ['data_update', 'visibility_update'],
  },
  {
    title: 'It is deleted: the key goes out, and what the receiver finds its record by',
    sql: "delete from profiles where email = 'jrose@acme.com';",
    expect: ['delete'],
  },
];

/** What a person may try next. */
export const SUGGESTIONS: readonly string[] = [
  "insert into profiles (email, first_name, country) values ('you@example.com', 'You', 'Iceland');",
  'update profiles set country_visible = not country_visible;',
  'delete from profiles;',
];
