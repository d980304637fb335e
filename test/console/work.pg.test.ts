import { beforeAll, expect, test } from 'vitest';
import { Receiver } from '../support/receiver.ts';
import { type ConsoleDaemon, startConsoleDaemon } from './support/console-daemon.ts';
import { browserTests } from './support/console-page.ts';

/* Backfills that run for a while, and drafts that are sent to a URL of one's own. */
const browser = browserTests();
let daemon: ConsoleDaemon;
beforeAll(async () => {
  daemon = await startConsoleDaemon();
  const { db, receiver } = daemon;
  await db.sql("insert into profiles select i, 'Anna', 'DE', null from generate_series(1, 200) i");
  await receiver.deliveries(200);
  await db.sql('analyze profiles');
}, 120_000);

test('a backfill is paused, resumed and cancelled while it runs', async () => {
  const page = await browser.page();
  const first = async (): Promise<{ state: string }> => (await daemon.get<{ backfills: { state: string }[] }>('/backfills')).backfills[0] ?? { state: 'none' };
  await page.goto(`${daemon.url}/backfills?hook=crm-profiles`);
  await page.getByLabel('rate').fill('2');
  await page.getByRole('button', { name: 'Start' }).click();
  const row = page.getByRole('table', { name: 'backfills' }).getByRole('row').nth(1);
  await row.getByText('running').waitFor();
  await row.getByText(/of about 200/).waitFor();
  await row.getByRole('button', { name: 'pause' }).click();
  await row.getByText('paused', { exact: true }).waitFor();
  expect(await first()).toMatchObject({ state: 'paused' });
  await row.getByRole('button', { name: 'resume' }).click();
  await row.getByText('running').waitFor();
  const sent = daemon.receiver.requests.length;
  await daemon.receiver.until(({ requests }) => requests.length > sent, 'rows after it was resumed');
  await row.getByRole('button', { name: 'cancel' }).click();
  await row.getByText('cancelled').waitFor();
  expect(await first()).toMatchObject({ state: 'cancelled' });
  await expect.poll(() => row.getByRole('button', { name: /pause|resume|cancel/ }).count()).toBe(0);
});

test('a draft is sent to a URL of one\'s own, signed with another secret, and the response is shown', async () => {
  const target = await Receiver.open({ answer: () => ({ status: 202, body: '{"taken":true}' }) });
  const page = await browser.page();
  try {
    await page.goto(`${daemon.url}/hooks/crm-profiles?key.user_id=7`);
    await page.getByRole('region', { name: 'As it runs' }).getByText('it wants this').waitFor();
    await page.getByRole('textbox', { name: 'draft' }).fill('name: crm-profiles\ntable: profiles\nto: crm\nfields:\n  omit: [name]\n');
    const drafted = page.getByRole('region', { name: 'Of the draft' });
    await drafted.getByText('it wants this').waitFor();
    await page.getByLabel('test URL').fill(`${target.url}/mine`);
    await page.getByText('Send the draft there').click();
    const exchange = page.locator('[data-test=exchange]');
    await exchange.getByText('delivered with status 202').waitFor();
    expect(await exchange.textContent()).toContain('taken');
    expect(target.requests.map(({ url }) => url)).toEqual(['/mine']);
    const { data } = JSON.parse(target.requests[0]?.body.toString() ?? '{}') as { data?: object };
    expect(data).toMatchObject({ user_id: 7, country: 'DE' });
    expect(data).not.toHaveProperty('name');
  } finally {
    await target.close();
  }
});

test('a URL that the endpoints may not send to is refused, with the line that would allow it', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/hooks/crm-profiles?key.user_id=7`);
  await page.getByLabel('test URL').fill('http://169.254.169.254/latest/meta-data');
  await page.getByText('Send it there').click();
  await page.locator('[data-test=exchange]').getByText(/169\.254\.169\.254/).first().waitFor();
  expect(await page.locator('[data-test=exchange] p').first().textContent()).toContain('without a response');
});
