import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { Cli, walhook } from '../support/cli.ts';
import { testDatabase } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Receiver } from '../support/receiver.ts';

const secret = (place: string): string => `sx-${place}-${randomBytes(9).toString('hex')}`;

/** One secret of its own for each place that may have one. */
const PLACES = ['token', 'user', 'query', 'header', 'custom', 'oauth', 'hookheader', 'hookbody', 'state'] as const;

test('secrets of every kind: no command, log line, API answer or error tells one, with an endpoint that tells all it got', { timeout: 300_000 }, async () => {
  const db = await testDatabase('create table items (id int primary key, name text)');
  const hidden = Object.fromEntries(PLACES.map((place) => [place, secret(place)])) as Record<(typeof PLACES)[number], string>;
  const signing = `whsec_${randomBytes(32).toString('base64')}`;
  const role = `me_${db.name}`;
  await db.sql(`create role ${role} superuser login password '${hidden.state}'`);
  onTestFinished(async () => void (await db.sql(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`)));
  const source = new URL(db.url);
  source.username = role;
  source.password = hidden.state;
  // One that verifies nothing, so that it answers everything.
  const receiver = await Receiver.open();
  onTestFinished(() => receiver.close());
  receiver.answer = (request) => ({ status: 500, body: `${request.url}\n${JSON.stringify(request.headers)}`, headers: { 'x-echo': String(request.headers['x-tenant']) } });
  const port = await freePort();
  const address = new URL(receiver.url);
  const options = { network: { allow: ['127.0.0.0/8'] }, retry: { initial: '20ms', factor: 1, jitter: 0, attempts: 3 }, breaker: { failures: 1_000_000 } };
  const file = (more: object = {}) => ({
    version: 1,
    source: { url: '${DB}', slot: db.name },
    state: { url: '${DB}' },
    server: { listen: `127.0.0.1:${port}`, token: '${TOKEN}' },
    endpoints: {
      crm: { url: `http://me:\${USER}@${address.host}/x?api_key=\${QUERY}`, headers: { 'X-Api-Key': '${HEADER}', 'X-Tenant': '${CUSTOM}' }, signing: { secrets: ['${SIGNING}'] }, ...options },
      erp: { url: receiver.url, oauth2: { token_url: `${receiver.url}/token`, client_id: 'walhook', client_secret: '${OAUTH}', auth: 'body' }, ...options },
    },
    hooks: [{ name: 'a', table: 'items', to: ['crm', 'erp'], headers: { 'X-Hook-Key': '${HOOKHEADER}' }, body: { token: '${HOOKBODY}', name: '${{ row.name }}' } }],
    ...more,
  });
  const env = { DB: source.href, SIGNING: signing, ...Object.fromEntries(PLACES.map((place) => [place.toUpperCase(), hidden[place]])) };
  const yaml = stringify(file());
  const told: { readonly from: string; readonly text: string }[] = [];
  const run = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await walhook(args, { env, yaml });
    told.push({ from: args.join(' '), text: stdout + stderr });
  };

  const daemon = new Cli(['run', '--log-level', 'trace'], { env, yaml });
  await daemon.says(/streaming/);
  await db.sql(`insert into items values (1, 'ada')`);
  await expect.poll(async () => (await db.sql('select from walhook.dead')).length, { timeout: 30_000 }).toBe(2);
  const [dead] = await db.sql<{ id: string }>('select id from walhook.dead');
  for (const path of ['/api/v1/status', '/metrics', '/api/v1/deliveries?state=dead', `/api/v1/deliveries/${dead?.id}`, '/healthz', '/readyz', '/api/v1/nothing', '/api/v1/endpoints', '/api/v1/hooks', '/api/v1/config', '/openapi.json']) {
    for (const token of [hidden.token, 'wrong-token-wrong-token']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
      told.push({ from: `${path} ${answer.status}`, text: `${JSON.stringify([...answer.headers])}${await answer.text()}` });
    }
  }
  await Promise.all([run('status'), run('status', '--json'), run('deliveries'), run('deliveries', '--json')]);
  await Promise.all([run('show', dead?.id ?? ''), run('show', dead?.id ?? '', '--json'), run('check'), run('plan', '--role', 'x')]);
  await Promise.all([run('send', 'crm'), run('send', 'erp', '--json'), run('render', 'a'), run('render', 'a', '--curl')]);
  await run('render', 'a', '--send', '--json');
  daemon.signal('SIGTERM');
  const ended = await daemon.result;
  told.push({ from: 'run', text: ended.stdout + ended.stderr });

  // Errors: a password that is wrong, a database that is not there, and files that are wrong in each place.
  const wrong = new URL(source);
  wrong.password = hidden.custom;
  const nowhere = new URL(source);
  nowhere.port = '1';
  const wrongUrls = [wrong.href, nowhere.href, source.href.replace('postgres', 'postgrex'), `${source.href}?sslmode=${hidden.query}`].flatMap((one) => ['run', 'check'].map((verb) => ({ url: one, verb })));
  await Promise.all(wrongUrls.map(async ({ url, verb }) => {
    const { stdout, stderr } = await walhook([verb], { env: { ...env, DB: url }, yaml });
    told.push({ from: `${verb} with another URL`, text: stdout + stderr });
  }));
  const broken = [{ endpoints: '${HEADER}' }, { endpoints: { crm: { url: '${QUERY}' } } }, { server: { token: '${TOKEN} ${USER}' } }, { endpoints: { crm: { url: 'https://example.com', signing: { secrets: ['${HEADER}'] }, headers: { 'x y': '${CUSTOM}' } } } }, { hooks: [{ name: 'a', table: 'items', to: 'crm', when: 'row.nope == "${CUSTOM}" +' }] }, { hooks: [{ name: 'a', table: 'items', to: 'crm', when: 'row.nope == "${CUSTOM}"' }] }, { hooks: [{ name: 'a', table: 'items', to: 'crm', enrich: { x: { sql: "select nope('${CUSTOM}'" } } }] }];
  await Promise.all(broken.map(async (more) => {
    const { stdout, stderr, code } = await walhook(['check'], { env, yaml: stringify(file(more)) });
    told.push({ from: `check of ${JSON.stringify(more)} (${code})`, text: stdout + stderr });
  }));

  const searched = [...Object.entries(hidden), ['signing', signing.slice(6)] as const];
  // `render` shows the body as it is sent, byte for byte, to whoever has the file and its variables.
  const mayShow = (from: string, place: string): boolean => place === 'hookbody' && from.startsWith('render');
  const leaks = told.flatMap(({ from, text }) => searched.flatMap(([place, value]) => (!mayShow(from, place) && [value, encodeURIComponent(value), Buffer.from(value).toString('base64')].some((form) => text.includes(form)) ? [`${place} in ${from}: ${text.slice(Math.max(0, text.indexOf(value) - 120), text.indexOf(value) + 20)}`] : [])));
  expect(leaks).toEqual([]);
  expect(told.filter(({ text }) => text.length > 20).length).toBeGreaterThan(40);
  // All were in use: what the endpoint got has them.
  const got = receiver.requests.map(({ url, headers, body }) => `${url} ${JSON.stringify(headers)} ${body.toString()}`).join('\n');
  expect([hidden.query, hidden.header, hidden.custom, hidden.oauth].filter((value) => !got.includes(value))).toEqual([]);
});
