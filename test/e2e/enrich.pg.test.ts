import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';

const SCHEMA = `
create table organizations (id bigint primary key, name text not null, domain text, parent_id bigint, revenue numeric);
create table contacts (id bigint primary key, name text, organization_id bigint, email text, email_visible boolean not null default true);
create table tags (contact_id bigint, name text);
alter table contacts replica identity full;
insert into organizations values (1, 'Acme', 'acme.example', 2, 9007199254740993), (2, 'Holding', null, null, 12.5);
insert into tags values (1, 'new'), (1, 'big "deal"'), (2, 'old');
`;

/** A hook on contacts, `options` in YAML beside the usual ones. */
function yamlOf(options: string, endpointOptions: Parameters<typeof endpoint>[0] = {}): string {
  return `${HEAD}
tables: { contacts: { visibility: { email: email_visible } } }
endpoints: { crm: ${endpoint(endpointOptions)} }
hooks:
  - name: contacts
    table: contacts
    to: crm
${options.replaceAll(/^/gm, '    ')}
`;
}

test('one row, null, many rows, and a lookup that uses another: all in one body', async () => {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  await startDaemon({
    db,
    receivers: { RECEIVER: receiver },
    yaml: yamlOf(`
enrich:
  org: "select name, domain, revenue, parent_id from organizations where id = \${{ row.organization_id }}"
  tags: { sql: "select name from tags where contact_id = \${{ row.id }} order by name desc -- those of the contact", many: true }
  parent: select name from organizations where id = \${{ org.parent_id }}
body:
  name: \${{ row.name }}
  org: \${{ org }}
  revenue: \${{ org.revenue }}
  domain: "at \${{ org.domain }}"
  tags: \${{ tags.map(t, t.name) }}
  parent: \${{ parent.name }}
headers: { X-Org: "\${{ org.name }}" }
path: /contacts/\${{ row.id }}`),
  });
  await db.sql(`insert into contacts values (1, 'Ann', 1), (2, 'Bob', 7), (3, 'Cy', null)`);
  await receiver.deliveries(3);
  const of = (name: string) => receiver.requests.find(({ body }) => body.toString().includes(`"${name}"`));
  expect(of('Ann')?.body.toString()).toBe(
    '{"name":"Ann","org":{"name":"Acme","domain":"acme.example","revenue":9007199254740993,"parent_id":2},"revenue":9007199254740993,"domain":"at acme.example","tags":["new","big \\"deal\\""],"parent":"Holding"}',
  );
  expect(of('Ann')).toMatchObject({ url: '/contacts/1', headers: { 'x-org': 'Acme' } });
  expect(of('Bob')?.body.toString()).toBe('{"name":"Bob","org":null,"revenue":null,"domain":"at ","tags":["old"],"parent":null}');
  expect(of('Bob')?.headers).not.toHaveProperty('x-org');
  expect(of('Cy')?.body.toString()).toBe('{"name":"Cy","org":null,"revenue":null,"domain":"at ","tags":[],"parent":null}');
});
