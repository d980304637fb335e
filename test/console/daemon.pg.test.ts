import { beforeAll, describe, expect, test } from 'vitest';
import { browserTests, overflow } from './support/console-page.ts';
import { type ConsoleDaemon, startConsoleDaemon } from './support/console-daemon.ts';
import { HOSTILE } from './support/fixture-data.ts';

/* The console of a daemon that runs, with rows that Postgres holds: what is seen is so, and what is done has its effect. */
const browser = browserTests();
let daemon: ConsoleDaemon;
beforeAll(async () => {
  daemon = await startConsoleDaemon();
  const { db, receiver } = daemon;
  await db.sql("insert into profiles values (1, 'Anna', 'NL', null), (2, 'refused', 'DE', null)");
  await db.sql('insert into profiles values (3, $1, $2, $3)', ['refused', HOSTILE.replaceAll('\0', ''), 'x'.repeat(5_000_000)]);
  await receiver.until(({ requests }) => requests.length >= 4, 'the rows');
}, 120_000);

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${daemon.url}/api/v1${path}`)).json()) as T;
}

describe('deliveries', () => {
  test('a dead letter is explained, sent again, and arrives', async () => {
    const page = await browser.page();
    await page.goto(`${daemon.url}/deliveries`);
    await expect.poll(() => page.getByRole('row').count(), { timeout: 15_000 }).toBe(3);
    await page.getByRole('link', { name: /profiles/ }).last().click();
    const drawer = page.getByRole('complementary');
    await drawer.getByText('crm never got it: 1 attempt failed, the last since it answered 422').waitFor();
    daemon.receiver.answer = () => 204;
    await drawer.getByRole('button', { name: 'Send again' }).click();
    await page.getByText('It is sent to crm again, with the same id.').waitFor();
    const id = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    await daemon.receiver.until(({ byId }) => byId.get(id)?.at(-1)?.status === 204, 'the delivery again');
  });

  test('a row of 5 MB and everything hostile is text', async () => {
    const page = await browser.page({ viewport: { width: 360, height: 800 } });
    const { deliveries } = await get<{ deliveries: { id: string; bytes: number }[] }>('/deliveries?state=dead');
    const large = deliveries.find(({ bytes }) => bytes > 5_000_000);
    await page.goto(`${daemon.url}/deliveries/${large?.id ?? 'missing'}`);
    const drawer = page.getByRole('complementary');
    await drawer.getByText(/are shown: show more/).first().waitFor();
    await expect.poll(() => drawer.textContent()).toContain('<script>window.hacked');
    await expect.poll(() => drawer.locator('.hidden-character', { hasText: 'U+202E' }).count()).toBeGreaterThan(0);
    expect([await page.evaluate('window.hacked'), await overflow(page)]).toEqual([undefined, 0]);
  });

  test('all that a filter finds is discarded', async () => {
    const page = await browser.page();
    await page.goto(`${daemon.url}/deliveries?endpoint=crm`);
    await page.locator('[data-test=count-discard]').click();
    await page.locator('[data-test=confirm-discard]').click();
    await page.locator('[data-test=progress][data-state=done]').waitFor();
    await page.getByText('No dead delivery fits the filter.').waitFor();
    expect((await get<{ count: number }>('/deliveries/counts?state=dead')).count).toBe(0);
  });
});

test('live: a change is seen as it is made', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/live`);
  await page.locator('[data-test=live-state]').getByText('live').waitFor();
  await daemon.db.sql("insert into profiles values (4711, 'Jan', 'NL', null)");
  await page.getByRole('row').filter({ hasText: '4711' }).first().waitFor();
  await page.getByRole('row').filter({ hasText: 'delivered 204' }).first().waitFor();
});

test('backfills: one is started, and sends what the table has', async () => {
  const page = await browser.page();
  const before = daemon.receiver.requests.length;
  await page.goto(`${daemon.url}/backfills`);
  await page.getByLabel('hook', { exact: true }).selectOption('crm-profiles');
  await page.getByLabel('where').fill("name = 'Anna'");
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('row').filter({ hasText: 'done' }).waitFor();
  await daemon.receiver.until(({ requests }) => requests.length > before, 'the row');
});

describe('endpoints', () => {
  test('pause, resume, test payload and rotation have their effects', async () => {
    const page = await browser.page();
    await page.goto(`${daemon.url}/endpoints/search`);
    const drawer = page.getByRole('complementary');
    await drawer.getByRole('button', { name: 'Pause' }).click();
    await drawer.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await get('/endpoints/search')).toMatchObject({ condition: 'paused' });
    await drawer.getByRole('button', { name: 'Resume' }).click();
    await drawer.getByRole('button', { name: 'Pause' }).waitFor();
    const before = daemon.receiver.requests.length;
    await drawer.getByRole('button', { name: 'Send a test' }).click();
    await drawer.getByText('delivered with status 204').waitFor();
    expect(daemon.receiver.requests.length).toBe(before + 1);
    await drawer.getByRole('button', { name: 'Rotate the secret' }).click();
    await drawer.getByText('The new secret, told this once').waitFor();
    await drawer.getByRole('button', { name: 'End the rotation' }).click();
    await drawer.getByRole('button', { name: 'Rotate the secret' }).waitFor();
  });
});

test('overview: health, the slot and each endpoint', async () => {
  const page = await browser.page();
  await page.goto(daemon.url);
  await page.locator('[data-test=health]').waitFor();
  expect(await page.locator('[data-test=slot]').textContent()).toContain('streaming');
  await page.getByRole('table', { name: 'endpoints' }).getByText('search').waitFor();
});

test('hooks: a draft is rendered of a row, and refused at its line', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/hooks/search-nl?key.user_id=1`);
  await page.getByRole('region', { name: 'As it runs' }).getByText('it wants this').waitFor();
  const draft = page.getByRole('textbox', { name: 'draft' });
  await draft.fill("name: search-nl\ntable: profiles\nto: search\nwhen: row.contry == 'NL'\n");
  await expect.poll(() => page.locator('.gutter li.wrong').count()).toBe(1);
  await draft.fill("name: search-nl\ntable: profiles\nto: search\nwhen: row.country == 'DE'\n");
  await page.getByRole('region', { name: 'Of the draft' }).getByText('it would not send this').waitFor();
});

test('database: the tables that are there', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/database`);
  expect(await page.getByRole('table', { name: 'tables' }).textContent()).toContain('profiles');
});

test('config: a file that is wrong is shown with its errors, and reloads once it is right', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/config`);
  await page.getByText('as on disk').waitFor();
  daemon.process.write(`{"version":1,"server":{"listen":"127.0.0.1:0"},${JSON.stringify({ ...daemon.config, hoks: [] }).slice(1)}`);
  await page.getByText('differs on disk').waitFor();
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.locator('[data-test=failed-reload]').getByText('hoks').waitFor();
  daemon.process.write(daemon.config);
  await page.getByText('as on disk').waitFor();
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.getByText('The file is read again, and runs.').waitFor();
});
