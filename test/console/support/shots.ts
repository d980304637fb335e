import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { openShop } from './shop.ts';

/*
 * Pictures of every screen of a daemon that runs: node test/console/support/shots.ts DIRECTORY [WIDTHS] [SECONDS]
 * At 1280 in light they are called as in docs/screenshots (`overview.png`), in dark `overview-dark.png`, of other widths `overview-360.png`.
 */
const [directory = '/tmp/shots', widths = '1280', seconds = '100'] = process.argv.slice(2);
const DRAFT = "name: new-pro-customers\ntable: profiles\nto: warehouse\nwhen: row.plan == 'pro' && row.country == 'DE'\nfields:\n  only: [user_id, email, plan]\n";

/** Where, and what is done there before the picture. */
const SCREENS: Readonly<Record<string, readonly [path: string, prepare?: (page: Page) => Promise<void>]>> = {
  overview: ['/'],
  live: ['/live', () => sleep(2_000)],
  deliveries: ['/deliveries?state=parked'],
  delivery: ['/deliveries', (page) => page.locator('[data-row] a').first().click()],
  endpoints: ['/endpoints'],
  endpoint: ['/endpoints/crm'],
  hooks: ['/hooks'],
  playground: ['/hooks/new-pro-customers?key.user_id=4005&operation=update', (page) => page.getByRole('textbox', { name: 'draft' }).fill(DRAFT)],
  backfills: ['/backfills'],
  database: ['/database'],
  config: ['/config'],
};

mkdirSync(directory, { recursive: true });
const shop = await openShop();
const browser = await openBrowser();
try {
  await sleep(Number(seconds) * 1_000);
  for (const width of widths.split(',').map(Number)) {
    for (const scheme of width === 1_280 ? (['light', 'dark'] as const) : (['light'] as const)) {
      const page = await browser.newPage({ viewport: { width, height: width < 500 ? 760 : width > 2_000 ? 1_200 : 760 }, colorScheme: scheme });
      page.on('pageerror', (error) => console.log('ERROR', error.message));
      for (const [name, [path, prepare]] of Object.entries(SCREENS)) {
        await page.goto(shop.url + path);
        await page.locator('main').locator('[data-row], .facts, .lines, .step, .empty').first().waitFor();
        await prepare?.(page);
        await sleep(600);
        const over = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        if (over > 0) console.log(`${name} at ${width}: ${over} px too wide`);
        const file = `${name}${width === 1_280 ? '' : `-${width}`}${scheme === 'dark' ? '-dark' : ''}.png`;
        await page.screenshot({ path: join(directory, file) });
      }
      await page.close();
    }
  }
} finally {
  await browser.close();
  await shop.stop();
}
