import { beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type ConsoleDaemon, startConsoleDaemon } from './support/console-daemon.ts';
import { browserTests } from './support/console-page.ts';

/* Getting to a daemon that wants a token, and staying with one that goes away. */
const TOKEN = 'a-token-of-enough-characters';
const browser = browserTests();
let daemon: ConsoleDaemon;
beforeAll(async () => {
  daemon = await startConsoleDaemon({ config: { server: { listen: `127.0.0.1:${await freePort()}`, token: TOKEN } } });
}, 120_000);

test('a daemon with a token asks for it, says that one is wrong, and keeps the right one for the tab', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/database`);
  const field = page.locator('[data-test=token]');
  await field.fill('not-the-token-of-this-daemon');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('The one that was given is wrong.').waitFor();
  expect(await page.locator('main').textContent()).not.toContain('profiles');
  await field.fill(TOKEN);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('table', { name: 'tables' }).getByText('profiles', { exact: true }).waitFor();
  await page.reload();
  await page.getByRole('table', { name: 'tables' }).getByText('profiles', { exact: true }).waitFor();
  expect(page.url()).not.toContain(TOKEN);
  const other = await browser.page();
  await other.goto(daemon.url);
  await other.locator('[data-test=token]').waitFor();
});

test('killed: what was there stays, marked as old; started again: it goes on by itself', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/live`);
  await page.locator('[data-test=token]').fill(TOKEN);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.locator('[data-test=live-state]').getByText('live').waitFor();
  await daemon.db.sql("insert into profiles values (1, 'Anna', 'NL', null)");
  await page.getByRole('row').filter({ hasText: 'delivered 204' }).first().waitFor();
  await page.getByRole('link', { name: 'Endpoints', exact: true }).click();
  const endpoints = page.getByRole('table', { name: 'endpoints' });
  await endpoints.getByText('search').first().waitFor();
  await daemon.process.kill();
  await page.getByText('walhook does not answer.').waitFor();
  await page.locator('table[aria-label=endpoints][data-stale=true]').getByText('search').first().waitFor();
  await daemon.restart();
  await page.getByText('walhook does not answer.').waitFor({ state: 'detached' });
  await page.locator('table[aria-label=endpoints][data-stale=false]').getByText('search').first().waitFor();
  await page.getByRole('link', { name: 'Live', exact: true }).click();
  await page.locator('[data-test=live-state]').getByText('live').waitFor();
  await daemon.db.sql("insert into profiles values (2, 'Jan', 'NL', null)");
  await page.getByRole('row').filter({ hasText: 'delivered 204' }).first().waitFor();
});

test('the live view follows again after the daemon was away', async () => {
  const page = await browser.page();
  await page.goto(`${daemon.url}/live`);
  await page.locator('[data-test=token]').fill(TOKEN);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.locator('[data-test=live-state]').getByText('live').waitFor();
  await daemon.process.kill();
  await page.getByText('the stream broke off, asking again').waitFor();
  await daemon.restart();
  await page.locator('[data-test=live-state]').getByText('live', { exact: true }).waitFor();
  await daemon.db.sql("insert into profiles values (31337, 'Eva', 'NL', null)");
  await page.getByRole('row').filter({ hasText: '31337' }).first().waitFor();
});
