import { beforeAll, expect, test } from 'vitest';
import { localOf } from '../../console/text/local-time.ts';
import { type ConsoleDaemon, startConsoleDaemon } from './support/console-daemon.ts';
import { browserTests } from './support/console-page.ts';

/* What is done once an endpoint works again, on a daemon that runs. */
const browser = browserTests();
let daemon: ConsoleDaemon;
beforeAll(async () => {
  daemon = await startConsoleDaemon({ crm: { concurrency: 1, breaker: { failures: 4, open: '1h' } } });
}, 120_000);

test('recover: what died since a moment is sent again, and nothing else', async () => {
  const { db, receiver, get } = daemon;
  await db.sql("insert into profiles values (1, 'refused', 'DE', null), (2, 'refused', 'DE', null), (3, 'refused', 'DE', null)");
  await expect.poll(() => get('/deliveries/counts?state=dead'), { timeout: 15_000 }).toMatchObject({ count: 3 });
  // One died long before the outage.
  await db.sql("update walhook.dead set died_at = died_at - interval '2 days' where key = (select min(key) from walhook.dead)");
  receiver.answer = () => 204;
  const before = receiver.requests.length;
  const page = await browser.page();
  await page.goto(`${daemon.url}/endpoints/crm`);
  const drawer = page.getByRole('complementary');
  await drawer.getByLabel('recover since').fill(localOf(new Date(Date.now() - 3_600_000).toISOString()));
  await drawer.locator('[data-test=count-replay]').click();
  await drawer.getByText('Send 2 again').click();
  await drawer.locator('[data-test=progress][data-state=done]').waitFor();
  await receiver.until(({ requests }) => requests.length === before + 2, 'the two of the last hour');
  await expect.poll(() => get('/deliveries/counts?state=dead')).toMatchObject({ count: 1 });
});

test('an open breaker is closed by hand: one delivery is tried, and the rest follows', async () => {
  const { db, receiver, get } = daemon;
  receiver.answer = () => 503;
  await db.sql("insert into profiles select 10 + i, 'Anna', 'DE', null from generate_series(1, 8) i");
  await expect.poll(() => get('/endpoints/crm'), { timeout: 15_000 }).toMatchObject({ breaker: 'open', parked: 4 });
  const page = await browser.page();
  await page.goto(`${daemon.url}/endpoints/crm`);
  const drawer = page.getByRole('complementary');
  await drawer.locator('[data-test=condition]').getByText('refusing').waitFor();
  await drawer.locator('[data-test=last-error]').getByText('503').first().waitFor();
  receiver.answer = () => 204;
  const delivered = receiver.delivered;
  await drawer.getByRole('button', { name: 'Close the breaker' }).click();
  await page.getByText('One delivery is let through to crm now').waitFor();
  await receiver.until((now) => now.delivered > delivered, 'the probe');
  await drawer.getByRole('button', { name: 'Close the breaker' }).waitFor({ state: 'detached' });
  expect(await get('/endpoints/crm')).toMatchObject({ breaker: 'closed' });
});
