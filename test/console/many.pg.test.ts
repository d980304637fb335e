import type { Page } from 'playwright-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { type ConsoleDaemon, startConsoleDaemon } from './support/console-daemon.ts';
import { browserTests } from './support/console-page.ts';

/* 100,000 deliveries that wait for an endpoint which is paused, parked by the daemon itself. */
const MANY = 100_000;
const PAGE = 50;
const browser = browserTests();
let daemon: ConsoleDaemon;
beforeAll(async () => {
  daemon = await startConsoleDaemon();
  const { db, url, get } = daemon;
  await fetch(`${url}/api/v1/endpoints/crm/pause`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  await db.sql(`insert into profiles select i, 'Anna', 'DE', null from generate_series(1, ${MANY}) i`);
  const parked = async (): Promise<void> => expect(await get('/deliveries/counts?state=parked')).toMatchObject({ count: MANY });
  await vi.waitFor(parked, { timeout: 120_000, interval: 1_000 });
}, 180_000);

/** The longest list in each answer of the API that the page gets, and its size. */
function watched(page: Page): { readonly answers: { path: string; longest: number; bytes: number }[]; readonly read: Promise<void>[] } {
  const answers: { path: string; longest: number; bytes: number }[] = [];
  const read: Promise<void>[] = [];
  page.on('response', (response) => {
    const { pathname, search } = new URL(response.url());
    if (!pathname.startsWith('/api/v1/') || pathname === '/api/v1/live') return;
    const taken = response.body().then(
      (body) => void answers.push({ path: pathname + search, longest: longest(JSON.parse(body.toString())), bytes: body.length }),
      // The page has gone on meanwhile.
      () => undefined,
    );
    read.push(taken);
  });
  return { answers, read };
}

function longest(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(Array.isArray(value) ? value.length : 0, ...Object.values(value).map(longest));
}

test('every list opens with a page, and no answer holds more', async () => {
  const page = await browser.page();
  const { answers, read } = watched(page);
  await page.goto(daemon.url);
  await page.getByRole('table', { name: 'endpoints' }).getByText('100,000').waitFor();
  await page.goto(`${daemon.url}/deliveries?state=parked`);
  await page.getByText('100,000').first().waitFor();
  await expect.poll(() => page.getByRole('row').count()).toBe(PAGE + 1);
  const first = await page.locator('[data-row]').first().getAttribute('data-row');
  await page.getByText('the next page').click();
  await expect.poll(() => page.locator('[data-row]').first().getAttribute('data-row')).not.toBe(first);
  expect(await page.getByRole('row').count()).toBe(PAGE + 1);
  await page.getByRole('link', { name: /profiles/ }).first().click();
  await page.getByRole('complementary').locator('[data-test=what-happened]').waitFor();
  for (const path of ['/deliveries?state=parked&endpoint=crm&table=public.profiles&key.user_id=500', '/deliveries?state=parked&hook=crm-profiles', '/endpoints', '/endpoints/crm', '/hooks', '/hooks/crm-profiles', '/live', '/backfills', '/database', '/config']) {
    await page.goto(daemon.url + path);
    await page.locator('main').locator('[data-row], .facts, .lines, .step, .empty').first().waitFor();
  }
  await Promise.all(read);
  expect(answers.length).toBeGreaterThan(20);
  expect(answers.filter(({ path }) => path.startsWith('/api/v1/deliveries?')).length).toBeGreaterThanOrEqual(3);
  // The minutes of an hour are the only list that is longer than a page of deliveries.
  expect(answers.filter(({ longest: most, bytes }) => most > 60 || bytes > 100_000)).toEqual([]);
});

test('a bulk action is cancelled while it runs: what is left is left alone', async () => {
  const { db, get } = daemon;
  const page = await browser.page();
  await page.goto(`${daemon.url}/deliveries?state=parked&endpoint=crm`);
  await page.locator('[data-test=count-discard]').click();
  await page.getByText('100,000 deliveries').waitFor();
  await page.getByLabel('reason').fill('a test of cancelling');
  // Holds up the third step of the action, so that it still runs when it is cancelled.
  const holder = await db.client();
  await holder.query('begin');
  await holder.query('select from walhook.parked where key = (select key from walhook.parked order by commit_lsn, ordinal, nth offset 12000 limit 1) for update');
  await page.locator('[data-test=confirm-discard]').click();
  const progress = page.locator('[data-test=progress]');
  await progress.getByText('10,000 of 100,000 discarded').waitFor();
  expect(await progress.getAttribute('data-state')).toBe('running');
  const cancelled = page.waitForResponse((response) => response.url().endsWith('/cancel'));
  await page.getByText('Cancel the rest').click();
  expect((await cancelled).ok()).toBe(true);
  await holder.query('rollback');
  await page.locator('[data-test=progress][data-state=cancelled]').waitFor();
  const { count } = await get<{ count: number }>('/deliveries/counts?state=parked');
  expect(count).toBe(MANY - 15_000);
  expect(await get('/actions')).toMatchObject({ actions: [{ state: 'cancelled', total: MANY, done: 15_000 }] });
  const audit = await daemon.process.until(({ msg }) => msg.startsWith('audit: discard'));
  expect(JSON.stringify(audit)).toContain('a test of cancelling');
});
