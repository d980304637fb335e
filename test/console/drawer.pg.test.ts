import { beforeAll, expect, test } from 'vitest';
import { type ConsoleDaemon, startConsoleDaemon } from './support/console-daemon.ts';
import { browserTests, clipboard, overflow } from './support/console-page.ts';
import { HOSTILE } from './support/fixture-data.ts';

/* A delivery of a daemon that runs, and whatever its row holds. */
const browser = browserTests();
const LARGE = 'x'.repeat(5_000_000);
const NASTY = HOSTILE.replaceAll('\0', '');
let daemon: ConsoleDaemon;
beforeAll(async () => {
  daemon = await startConsoleDaemon();
  const { db, receiver } = daemon;
  await db.sql("insert into profiles values (1, 'refused', 'DE', null)");
  await receiver.until(({ requests }) => requests.length >= 1, 'the refused row');
}, 120_000);

test('ids can be told apart, are whole on hover, and are copied by a click', async () => {
  const { db, receiver } = daemon;
  await db.sql("insert into profiles values (2, 'refused', 'DE', null), (3, 'refused', 'DE', null)");
  await receiver.until(({ requests }) => requests.length >= 3, 'the rows');
  const page = await browser.page();
  await page.goto(`${daemon.url}/deliveries`);
  await expect.poll(() => page.locator('tbody .id').count(), { timeout: 15_000 }).toBe(3);
  const shown = await page.locator('tbody .id').allTextContents();
  expect(new Set(shown).size).toBe(3);
  for (const text of shown) expect(text).toMatch(/^[1-9a-f][0-9a-f]*-\d+-i-…[0-9a-f]{6}$/);
  const [id = ''] = (await daemon.get<{ deliveries: { id: string }[] }>('/deliveries?state=dead')).deliveries.map((one) => one.id);
  const first = page.locator('tbody .id').first();
  expect(await first.getAttribute('title')).toContain(id);
  await first.click();
  await page.locator('tbody .id', { hasText: 'copied' }).waitFor();
  expect(await clipboard(page)).toBe(id);
  expect(new URL(page.url()).pathname).toBe('/deliveries');
});

test('why other hooks did not take the change: the expression and its value', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/deliveries?table=public.profiles&key.user_id=1`);
  await page.getByRole('link', { name: /profiles/ }).first().click();
  const other = page.getByRole('complementary').locator('[data-test=trace] li', { hasText: 'search-nl' });
  await other.getByText('did not', { exact: true }).waitFor();
  expect(await other.locator('.expression').textContent()).toBe("row.country == 'NL' is false");
  await page.getByRole('complementary').locator('[data-test=trace] li', { hasText: 'crm-profiles' }).getByText('took it').waitFor();
});

test('copy as curl is the request, its signature masked', async () => {
  const sent = daemon.receiver.requests[0];
  const page = await browser.page();
  await page.goto(`${daemon.url}/deliveries/${sent?.id ?? ''}`);
  await page.getByRole('complementary').getByText('Copy as curl').click();
  await expect.poll(() => clipboard(page)).toMatch(/^curl -X POST/);
  const command = await clipboard(page);
  expect(command).toContain(`'${daemon.receiver.url}/crm'`);
  expect(command).toContain(`-H 'webhook-id: ${sent?.id ?? ''}'`);
  expect(command).toContain(`--data-raw '${sent?.body.toString() ?? ''}'`);
  expect(command).not.toContain(String(sent?.headers['webhook-signature']));
});

test('<script>, direction overrides, emoji and 5 MB of a row are text on every screen that shows the row', async () => {
  const { db, receiver, get } = daemon;
  const live = await browser.page();
  await live.goto(`${daemon.url}/live`);
  await live.locator('[data-test=live-state]').getByText('live').waitFor();
  await db.sql('create table "<b>oops</b>" (id text primary key, name text, notes text)');
  const hooks = [...(daemon.config['hooks'] as object[]), { name: 'odd', table: '<b>oops</b>', to: 'crm' }];
  expect(await daemon.process.reload({ ...daemon.config, hooks })).toMatchObject({ msg: 'the new configuration is applied' });
  // A reload ends the streams of the server before it, and what goes by until the page asks anew is not in its view.
  await live.reload();
  await live.locator('[data-test=live-state]').getByText('live').waitFor();
  const before = receiver.requests.length;
  await db.sql('insert into "<b>oops</b>" values ($1, $2, $3)', [NASTY, 'refused', LARGE]);
  await receiver.until(({ requests }) => requests.length > before, 'the row');
  // A change of 5 MB is not kept in memory: the live view has its delivery, and the change of a row without.
  await db.sql('insert into "<b>oops</b>" values ($1, $2, null)', [`${NASTY} 2`, 'refused']);
  await live.getByRole('row').filter({ hasText: '<script>window.hacked' }).first().waitFor();
  expect([await overflow(live), await live.evaluate('window.hacked')]).toEqual([0, undefined]);
  const { deliveries } = await get<{ deliveries: { id: string; table: string; bytes: number }[] }>('/deliveries?state=dead');
  const id = deliveries.find(({ table, bytes }) => table.includes('oops') && bytes > 5_000_000)?.id ?? '';
  for (const width of [360, 1_280]) {
    const page = await browser.page({ viewport: { width, height: 800 } });
    await page.goto(`${daemon.url}/deliveries/${id}`);
    const drawer = page.getByRole('complementary');
    await drawer.getByText(/ of 5 MB are shown: show more/).waitFor();
    for (const text of ['<script>window.hacked', '👩‍👩‍👧‍👦', '<b>oops</b>']) await expect.poll(() => drawer.textContent()).toContain(text);
    expect(await drawer.locator('.hidden-character', { hasText: 'U+202E' }).count()).toBeGreaterThan(0);
    expect(await drawer.locator('script, img, b:has-text("oops")').count()).toBe(0);
    await page.goto(`${daemon.url}/hooks/odd`);
    await page.getByRole('region', { name: 'As it runs' }).getByText('<script>window.hacked').waitFor();
    for (const path of ['/', '/deliveries', '/hooks', '/hooks/odd', '/database', '/config', '/endpoints/crm']) {
      await page.goto(daemon.url + path);
      await page.locator('main').locator('[data-row], .facts, .lines, .step').first().waitFor();
      expect([path, await overflow(page), await page.evaluate('window.hacked')]).toEqual([path, 0, undefined]);
    }
  }
});
