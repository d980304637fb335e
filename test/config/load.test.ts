import { describe, expect, test } from 'vitest';
import { load, refusal, SECRET } from './loading.ts';

const ENDPOINT = 'endpoints: { crm: { url: "https://crm.example.com/hooks" } }';

/** The example of the design, without what later versions bring. */
const EXAMPLE = `# yaml-language-server: $schema=./walhook.schema.json
version: 1
source:
  url: \${DATABASE_URL}            # or the PG* variables; sslmode has libpq's meaning
  slot: walhook
  publication: walhook
  manage: true
  failover: true
state: { url: "\${STATE_URL:-}", schema: walhook }
server: { listen: 127.0.0.1:9464, token: "\${file:/run/secrets/walhook_token}" }
limits: { in_flight: 10000, memory: 64MiB, shutdown: 25s }

tables:
  profiles:
    key: [user_id]
    lookup: [email, phone]
    visibility: { country: country_visible, phone: phone_visible }
    replica_identity: full

endpoints:
  crm:
    url: https://crm.example.com/hooks
    method: POST
    headers: { X-Api-Key: "\${CRM_KEY}" }
    signing: { secrets: ["\${CRM_WHSEC}", "\${CRM_WHSEC_OLD:-}"] }
    timeout: 15s
    concurrency: 16
    rate: 200/s
    batch: { size: 100, linger: 50ms }
    retry: { initial: 5s, factor: 3, max: 1h, jitter: 0.2, attempts: 12 }
    breaker: { failures: 10, open: 30s }
    responses: { 409: delivered, 4xx: dead }
    disable_after: 5d
    network: { allow: [10.0.0.0/8] }
    tls: { ca: /etc/ssl/ca.pem }

hooks:
  - name: crm-profiles
    table: profiles
    to: crm
    events: [insert, update, visibility_update, delete]
    changed: [email, country]
    when: row.country == 'NL'
    entering: true
    schedule: "0 6 * * *"
    cooldown: 24h
    order_by: [account_id]
    fields: { omit: [notes], rename: { first_name: given_name }, set: { automationid: "42" } }
    enrich: { org: "select name, domain from organizations where id = \${{ row.organization_id }}" }
    body: { type: contact, version: "202304", fullName: "\${{ row.full_name }}", organization: "\${{ org }}" }
    format: event
    encoding: json
    method: PUT
    path: /contacts/\${{ row.user_id }}
    headers: { X-Table: "\${{ event.table }}" }

notify: { to: crm, lag: 1m, wal: 1d }
dead_letters: { keep: 30d, most: 100000 }
history: 7d
`;

test('the example of the design loads', () => {
  const config = load(EXAMPLE, { DATABASE_URL: 'postgres://u:p@db/app', CRM_KEY: 'k', CRM_WHSEC: SECRET });
  expect(config).toEqual({
    source: { url: 'postgres://u:p@db/app', slot: 'walhook', publication: 'walhook', manage: true, failover: true, kafka: null },
    state: { url: null, schema: 'walhook', encryption: null },
    server: { host: '127.0.0.1', port: 9464, token: 'a-token-from-a-file' },
    limits: { in_flight: 10_000, memory: 64 * 1024 * 1024, shutdown: 25_000 },
    tables: [
      {
        schema: 'public',
        table: 'profiles',
        key: ['user_id'],
        lookup: ['email', 'phone'],
        visibility: {
          kind: 'columns',
          flags: new Map([
            ['country', 'country_visible'],
            ['phone', 'phone_visible'],
          ]),
        },
        replica_identity: 'full',
        redacted: '<<REDACTED>>',
      },
    ],
    endpoints: [
      {
        name: 'crm',
        url: new URL('https://crm.example.com/hooks'),
        method: 'POST',
        headers: new Map([['X-Api-Key', 'k']]),
        signing: { secrets: [SECRET] },
        timeout: 15_000,
        concurrency: 16,
        rate: 200,
        batch: { size: 100, bytes: 1_048_576, linger: 50 },
        retry: { initial: 5000, factor: 3, max: 3_600_000, jitter: 0.2, attempts: 12 },
        breaker: { failures: 10, open: 30_000 },
        responses: new Map([
          ['409', 'delivered'],
          ['4xx', 'dead'],
        ]),
        disable_after: 432_000_000,
        network: { allow: ['10.0.0.0/8'] },
        tls: { ca: '/etc/ssl/ca.pem', cert: null, key: null },
        oauth2: null,
        kafka: null,
      },
    ],
    hooks: [
      {
        name: 'crm-profiles',
        schema: 'public',
        table: 'profiles',
        to: ['crm'],
        events: ['insert', 'update', 'visibility_update'],
        changed: ['email', 'country'],
        when: "row.country == 'NL'",
        entering: true,
        order_by: ['account_id'],
        fields: {
          only: null,
          omit: ['notes'],
          rename: new Map([['first_name', 'given_name']]),
          set: new Map([['automationid', '"42"']]),
          omit_null: false,
        },
        meta: [],
        large_numbers: 'number',
        body: {
          kind: 'map',
          entries: [
            ['type', { kind: 'constant', json: '"contact"' }],
            ['version', { kind: 'constant', json: '"202304"' }],
            ['fullName', { kind: 'expression', expression: { source: 'row.full_name', line: 50, column: 62 } }],
            ['organization', { kind: 'expression', expression: { source: 'org', line: 50, column: 100 } }],
          ],
        },
        omit_null: false,
        format: 'event',
        encoding: 'json',
        method: ['PUT'],
        path: ['/contacts/', { source: 'row.user_id', line: 54, column: 25 }],
        headers: new Map([['X-Table', [{ source: 'event.table', line: 55, column: 30 }]]]),
        enrich: new Map([
          [
            'org',
            {
              sql: ['select name, domain from organizations where id = ', { source: 'row.organization_id', line: 49, column: 75 }],
              many: false,
              timeout: 5000,
              cache: null,
            },
          ],
        ]),
        schedule: { cron: '0 6 * * *', timezone: 'UTC' },
        cooldown: 86_400_000,
        backfill: null,
      },
    ],
    tests: [],
    notify: { to: ['crm'], lag: 60_000, wal: 86_400_000 },
    dead_letters: { keep: 2_592_000_000, most: 100_000 },
    tracing: null,
    engine: null,
    history: { keep: 604_800_000, bodies: true, rate: 1_000 },
  });
});

test('what is not given has its default', () => {
  const config = load(`version: 1\ntables: { profiles: {} }\n${ENDPOINT}\nhooks: [{ name: a, table: profiles, to: crm }]\n`);
  expect(config).toEqual({
    source: { url: null, slot: 'walhook', publication: 'walhook', manage: true, failover: false, kafka: null },
    state: { url: null, schema: 'walhook', encryption: null },
    server: { host: '127.0.0.1', port: 9464, token: null },
    limits: { in_flight: 10_000, memory: 64 * 1024 * 1024, shutdown: 25_000 },
    tables: [{ schema: 'public', table: 'profiles', key: null, lookup: [], visibility: null, replica_identity: null, redacted: '<<REDACTED>>' }],
    endpoints: [
      {
        name: 'crm',
        url: new URL('https://crm.example.com/hooks'),
        method: 'POST',
        headers: new Map(),
        signing: null,
        timeout: 15_000,
        concurrency: 16,
        rate: null,
        batch: null,
        retry: { initial: 5000, factor: 3, max: 3_600_000, jitter: 0.2, attempts: 12 },
        breaker: { failures: 10, open: 30_000 },
        responses: new Map(),
        disable_after: null,
        network: { allow: [] },
        tls: { ca: null, cert: null, key: null },
        oauth2: null,
        kafka: null,
      },
    ],
    hooks: [
      {
        name: 'a',
        schema: 'public',
        table: 'profiles',
        to: ['crm'],
        events: ['insert', 'update', 'visibility_update', 'delete'],
        changed: null,
        when: null,
        entering: false,
        order_by: null,
        fields: { only: null, omit: [], rename: new Map(), set: new Map(), omit_null: false },
        meta: [],
        large_numbers: 'number',
        body: null,
        omit_null: false,
        format: 'event',
        encoding: null,
        method: null,
        path: null,
        headers: new Map(),
        enrich: new Map(),
        schedule: null,
        cooldown: null,
        backfill: null,
      },
    ],
    tests: [],
    notify: { to: [], lag: 300_000, wal: 21_600_000 },
    dead_letters: { keep: null, most: null },
    tracing: null,
    engine: null,
    history: null,
  });
});

test('sections without anything in them count as empty', () => {
  const config = load('version: 1\nsource:\nstate:\nserver:\nlimits:\ntables:\n  profiles:\nendpoints:\nhooks:\n');
  expect(config.tables).toHaveLength(1);
  expect(config.limits.in_flight).toBe(10_000);
});

test('the config is frozen', () => {
  const config = load(`version: 1\n${ENDPOINT}\nhooks: [{ name: a, table: profiles, to: crm }]\n`);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.hooks[0]?.events)).toBe(true);
  expect(Object.isFrozen(config.endpoints[0]?.retry)).toBe(true);
});

const tablesOf = (yaml: string): string[] => load(`version: 1\n${yaml}`).tables.map(({ schema, table }) => `${schema}|${table}`);

describe('tables', () => {
  test('one that only hooks name is watched once, with the defaults', () => {
    const hooks = 'hooks: [{ name: a, table: app.orders, to: crm }, { name: b, table: app.orders, to: crm }, { name: c, table: public.profiles, to: crm }]';
    expect(tablesOf(`tables: { profiles: {} }\n${ENDPOINT}\n${hooks}\n`)).toEqual(['public|profiles', 'app|orders']);
  });

  test('a name keeps its case, and quotes go around a dot', () => {
    expect(tablesOf('tables: { Profiles: {}, "app.Orders": {}, \'"a.b"."c""d"\': {}, 2024: {}, __proto__: {} }\n')).toEqual([
      'public|Profiles',
      'app|Orders',
      'a.b|c"d',
      'public|2024',
      'public|__proto__',
    ]);
  });

  test('visibility may be one json column', () => {
    const [table] = load('version: 1\ntables: { profiles: { visibility: { column: privacy } } }\n').tables;
    expect(table?.visibility).toEqual({ kind: 'json', column: 'privacy' });
  });
});

describe('names of the user are safe', () => {
  test('a column named __proto__ or constructor is a column', () => {
    const fields = '{ rename: { __proto__: proto, constructor: __proto__ }, set: { toString: 1 } }';
    const config = load(`version: 1\n${ENDPOINT}\nhooks: [{ name: a, table: t, to: crm, fields: ${fields} }]\n`);
    expect([...(config.hooks[0]?.fields.rename ?? [])]).toEqual([
      ['__proto__', 'proto'],
      ['constructor', '__proto__'],
    ]);
    expect([...(config.hooks[0]?.fields.set ?? [])]).toEqual([['toString', '1']]);
  });
});

describe('constant fields', () => {
  test.each([
    ['"42"', '"42"'],
    ['42', '42'],
    ['12345678901234567890.0001', '12345678901234567890.0001'],
    ['0x10', '16'],
    ['true', 'true'],
    ['null', 'null'],
    ['[1, "a", { b: [] }]', '[1,"a",{"b":[]}]'],
    ['{ __proto__: 1 }', '{"__proto__":1}'],
    ['"${V}"', '"filled"'],
    ['"$${V}"', '"${V}"'],
  ])('%s is sent as %s', (yaml, json) => {
    const config = load(`version: 1\n${ENDPOINT}\nhooks: [{ name: a, table: t, to: crm, fields: { set: { a: ${yaml} } } }]\n`, { V: 'filled' });
    expect(config.hooks[0]?.fields.set.get('a')).toBe(json);
  });
});

describe('templates', () => {
  const bodyOf = (yaml: string) => load(`version: 1\n${ENDPOINT}\nhooks:\n  - name: a\n    table: t\n    to: crm\n    body: ${yaml}\n`, { V: '${{ row.secret }}' }).hooks[0]?.body;
  const constantOf = (json: string) => ({ kind: 'constant', json });

  test.each([
    ['12345678901234567890.0010', '12345678901234567890.0010'],
    ['1e3', '1e3'],
    ['0x10', '16'],
    ['true', 'true'],
    ['text', '"text"'],
    ['"${V}"', '"${{ row.secret }}"'],
    ['"$${{ row.a }}"', '"${{ row.a }}"'],
  ])('%s alone is %s, whatever a variable holds', (yaml, json) => {
    expect(bodyOf(yaml)).toEqual(constantOf(json));
  });

  test('a map keeps its order and its names, a list its items, and both their nulls', () => {
    expect(bodyOf('{ b: [1, null, { __proto__: [] }], 1: , "a b": "" }')).toEqual({
      kind: 'map',
      entries: [
        ['b', { kind: 'list', items: [constantOf('1'), constantOf('null'), { kind: 'map', entries: [['__proto__', { kind: 'list', items: [] }]] }] }],
        ['1', constantOf('null')],
        ['a b', constantOf('""')],
      ],
    });
  });

  test('text that is one expression is that expression; a line break that ends a block does not count', () => {
    for (const yaml of ['${{ row.a }}', '"${{ row.a }}"', '|\n      ${{ row.a }}\n', '>\n      ${{row.a}}\n']) {
      expect(bodyOf(yaml)).toMatchObject({ kind: 'expression', expression: { source: 'row.a' } });
    }
    expect(bodyOf('" ${{ row.a }}"')).toMatchObject({ kind: 'text' });
  });

  test('text around expressions is filled in, and each expression has its place in the file', () => {
    expect(bodyOf(`"\\t\${V} $\${{ row.a }} \${{ {'}}': row.b} }}\${{ row.c }}"`)).toEqual({
      kind: 'text',
      parts: ['\t${{ row.secret }} ${{ row.a }} ', { source: "{'}}': row.b}", line: 7, column: 37 }, { source: 'row.c', line: 7, column: 57 }],
    });
    expect(bodyOf("|\n      one\n        ${{ row.a +\n      row.b }} end")).toEqual({
      kind: 'text',
      parts: ['one\n  ', { source: 'row.a +\nrow.b', line: 9, column: 13 }, ' end\n'],
    });
  });

  test('an alias repeats a template', () => {
    const config = load(`version: 1\n${ENDPOINT}\nhooks: [{ name: a, table: t, to: crm, body: &b { a: "\${{ row.a }}" } }, { name: b, table: u, to: crm, body: *b }]\n`);
    expect(config.hooks[1]?.body).toEqual(config.hooks[0]?.body);
  });

  test('headers and methods: blanks at the ends are cut, those within stay, and a lone value is one piece', () => {
    const hook = '{ name: a, table: t, to: crm, method: GET, headers: { A: " a ${{ row.a }} b ", B: "", C: " ${V:-x}" } }';
    const [config] = load(`version: 1\n${ENDPOINT}\nhooks: [${hook}]\n`, { V: '' }).hooks;
    expect(config?.method).toEqual(['GET']);
    expect([...(config?.headers ?? [])]).toMatchObject([['A', ['a ', { source: 'row.a' }, ' b']], ['B', []], ['C', ['x']]]);
  });

  test('a lookup is its SQL, or a mapping; a schedule its cron expression, or a mapping', () => {
    const hook = '{ name: a, table: t, to: crm, enrich: { a: select 1, b: { sql: select 2, many: true, timeout: 1s, cache: 1m } }, schedule: { cron: " 0  6 * * MON ", timezone: Europe/Amsterdam } }';
    const [config] = load(`version: 1\n${ENDPOINT}\nhooks: [${hook}]\n`).hooks;
    expect([...(config?.enrich ?? [])]).toEqual([
      ['a', { sql: ['select 1'], many: false, timeout: 5000, cache: null }],
      ['b', { sql: ['select 2'], many: true, timeout: 1000, cache: 60_000 }],
    ]);
    expect(config?.schedule).toEqual({ cron: '0 6 * * MON', timezone: 'Europe/Amsterdam' });
  });

  test('SQL with quotes, comments and casts of its own is taken as it is', () => {
    const sql = `select 'it''s' || E'\\'' || $$$$a;b$$$$ as "a;b", a::text /* ; /* ' */ */ from b -- don't\n      where c = \${{ row.c }}::int and d=\${{row.d}} -- end`;
    const [config] = load(`version: 1\n${ENDPOINT}\nhooks:\n  - name: a\n    table: t\n    to: crm\n    enrich:\n     a: |\n      ${sql}\n`).hooks;
    expect(config?.enrich.get('a')?.sql).toHaveLength(5);
  });

  test.each(['{ a: 1 }', '"${{ row.payload }}"', '{ a: [1, [2, { b: "${{ row.b }}" }]] }'])('a form may be written from %s', (body) => {
    for (const encoding of ['form', 'query']) {
      expect(load(`version: 1\n${ENDPOINT}\nhooks: [{ name: a, table: t, to: crm, encoding: ${encoding}, body: ${body} }]\n`).hooks[0]?.encoding).toBe(encoding);
    }
  });
});

describe('variables', () => {
  test('stand for numbers, durations, flags and lists of one', () => {
    const config = load(
      `version: 1
source: { manage: "\${MANAGE}" }
limits: { in_flight: "\${N}", memory: "\${M}MiB" }
endpoints:
  crm: { url: "https://\${HOST}/hooks", timeout: "\${T:-3s}", retry: { factor: "\${F:-1.5}" } }
hooks:
  - { name: a, table: t, to: "\${TO}" }
`,
      { MANAGE: 'false', N: '5', M: '2', HOST: 'example.com', TO: 'crm' },
    );
    expect(config.source.manage).toBe(false);
    expect(config.limits).toMatchObject({ in_flight: 5, memory: 2 * 1024 * 1024 });
    expect(config.endpoints[0]).toMatchObject({ timeout: 3000, retry: { factor: 1.5 } });
    expect(config.endpoints[0]?.url.href).toBe('https://example.com/hooks');
    expect(config.hooks[0]?.to).toEqual(['crm']);
  });

  test('are filled in in `when`, and what they hold is text', () => {
    const config = load(`version: 1\n${ENDPOINT}\nhooks: [{ name: a, table: t, to: crm, when: "row.a == '\${V}' && row.b.matches('^x$')" }]\n`, { V: 'NL' });
    expect(config.hooks[0]?.when).toBe("row.a == 'NL' && row.b.matches('^x$')");
  });

  test('cannot make structure: what is filled in is one value', () => {
    const config = load('version: 1\nsource: { publication: "${V}" }\n', { V: 'a, slot: b }' });
    expect(config.source).toMatchObject({ publication: 'a, slot: b }', slot: 'walhook' });
  });

  test('a quoted number without a variable is text', () => {
    expect(refusal('version: 1\nlimits: { in_flight: "5" }\n').message).toContain('limits.in_flight: expected a whole number, found text');
  });
});

describe('responses', () => {
  const responsesOf = (yaml: string) => load(`version: 1\nendpoints: { crm: { url: "https://crm.example.com", responses: ${yaml} } }\n`, { V: 'dead' }).endpoints[0]?.responses;

  test('a status needs no quotes, and may have them', () => {
    expect([...(responsesOf('{ 409: delivered, "410": retry, 5xx: disable, 404: "${V}" }') ?? [])]).toEqual([
      ['409', 'delivered'],
      ['410', 'retry'],
      ['5xx', 'disable'],
      ['404', 'dead'],
    ]);
  });

  test('a redirect may be dead or disable, but is never delivered', () => {
    expect(responsesOf('{ 3xx: dead, 308: disable }')?.size).toBe(2);
    expect(refusal('version: 1\nendpoints: { crm: { url: "https://crm.example.com", responses: { 3xx: "${V}" } } }\n', { V: 'delivered' }).message).toContain(
      'endpoints.crm.responses.3xx: a redirect is not followed',
    );
  });
});

test('notify may name one endpoint, several or none', () => {
  const notified = (yaml: string) => load(`version: 1\n${ENDPOINT}\nnotify: ${yaml}\n`, { V: 'crm' }).notify.to;
  expect([notified('{ to: crm }'), notified('{ to: [crm] }'), notified('{ to: "${V}" }'), notified('{ to: [] }'), notified('')]).toEqual([['crm'], ['crm'], ['crm'], [], []]);
});

test('an alias repeats what it names', () => {
  const config = load(
    `version: 1
endpoints:
  a: { url: http://a.example.com, retry: &retry { attempts: 3 } }
  b: { url: http://b.example.com, retry: *retry }
`,
  );
  expect(config.endpoints.map((endpoint) => endpoint.retry.attempts)).toEqual([3, 3]);
});

test.each(['127.0.0.1:1', '127.9.9.9:1', 'localhost:1', '"[::1]:1"', '"[::ffff:127.0.0.1]:1"'])('listening at %s needs no token', (listen) => {
  expect(load(`version: 1\nserver: { listen: ${listen} }\n`).server).toMatchObject({ port: 1, token: null });
});

test.each(['0.0.0.0:1', '"[::]:1"', '10.0.0.1:1', 'example.com:1', 'localhost.example.com:1'])('listening at %s needs a token', (listen) => {
  expect(refusal(`version: 1\nserver: { listen: ${listen} }\n`).message).toContain('server.token: required');
});

test.each([
  ['10.1.2.3', '10.1.2.3/32'],
  ['"::1"', '::1/128'],
  ['"fd00::/8"', 'fd00::/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
])('network %s is allowed as %s', (written, cidr) => {
  const config = load(`version: 1\nendpoints: { a: { url: http://a, network: { allow: [${written}] } } }\n`);
  expect(config.endpoints[0]?.network.allow).toEqual([cidr]);
});
