import { expect, test, vi } from 'vitest';
import { TOKEN } from '../observe/asking.ts';
import { described } from '../observe/every-route.ts';
import { Cli } from '../support/cli.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';

vi.setConfig({ testTimeout: 120_000 });

/** The API of a daemon as it runs. Routes one by one, and what they refuse: test/observe. */
test('a daemon tells of its deliveries, and does bulk actions in the background', async () => {
  const db = await testDatabase('create table items (id int primary key, name text)');
  const receiver = await testReceiver();
  const port = await freePort();
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${port}", token: "${TOKEN}" }
endpoints: { crm: ${endpoint()} }
hooks: [{ name: items, table: items, to: crm }]
`;
  const daemon = new Cli(['run'], { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) });
  await daemon.says(/"msg":"streaming"/);

  /** An answer as its schema says. */
  const api = async <Shape>(path: string, { as = path, body }: { readonly as?: string; readonly body?: object } = {}): Promise<Shape> => {
    const method = body === undefined ? 'GET' : 'POST';
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Shape;
    const route = described().find((one) => one.path === `/api/v1${as}` && one.method === method);
    expect(route?.answers[response.status as 200 | 201 | 202]?.schema.safeParse(answer), JSON.stringify(answer)).toMatchObject({ success: true });
    return answer;
  };

  expect(await api('/status')).toMatchObject({ state: 'streaming' });
  expect(await api('/slot')).toMatchObject({ state: 'streaming', name: expect.any(String) });
  await api('/endpoints/crm/pause', { as: '/endpoints/{name}/pause', body: {} });
  await db.sql(`insert into items values (1, 'a'), (2, 'b'); update items set name = 'c' where id = 1; update items set name = 'd' where id = 1`);
  await expect.poll(() => db.sql('select 1 from walhook.parked'), { timeout: 30_000 }).toHaveLength(4);

  const { deliveries } = await api<{ deliveries: { id: string }[] }>('/deliveries?state=parked', { as: '/deliveries' });
  const first = deliveries.at(-1)?.id ?? '';
  expect(await api(`/deliveries/${first}`, { as: '/deliveries/{id}' })).toMatchObject({ deliveries: [{ id: first, state: 'parked', behind_it: 2, request: { method: 'POST', url: expect.stringContaining(receiver.url) } }] });
  expect(await api('/deliveries/counts?state=parked&endpoint=crm', { as: '/deliveries/counts' })).toMatchObject({ count: 4, endpoints: { crm: 4 } });

  const begun = await api<{ id: string }>('/deliveries/discard', { body: { state: 'parked', endpoint: 'crm', reason: 'a test', background: true } });
  expect(begun).toMatchObject({ action: 'discard', total: 4 });
  await expect.poll(() => api(`/actions/${begun.id}`, { as: '/actions/{id}' })).toMatchObject({ state: 'done', done: 4 });
  expect(await api('/actions')).toMatchObject({ actions: [{ id: begun.id }] });
  expect(await db.sql('select 1 from walhook.parked')).toEqual([]);
  expect(receiver.requests).toEqual([]);

  const served = await fetch(`http://127.0.0.1:${port}/openapi.json`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await served.json()).toMatchObject({ openapi: '3.1.0', paths: { '/api/v1/live': expect.any(Object) } });

  daemon.signal('SIGTERM');
  const { code, stdout } = await daemon.result;
  expect(code).toBe(0);
  expect(stdout).toContain('"msg":"audit: discard"');
  expect(stdout).toContain('"msg":"audit: discard, done"');
  expect(stdout).toContain('"reason":"a test"');
});
