import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser } from './browser.ts';
import { FixtureServer } from './fixture-server.ts';
import { idOf } from './fixture-data.ts';

/*
 * Pictures of every screen: node test/console/support/shots.ts DIRECTORY [WIDTHS] [SCHEMES] [SCREENS]
 * Those of docs/screenshots: … docs/screenshots 1280 light overview,live,… and endpoint with dark, renamed.
 */
const [directory = '/tmp/shots', widths = '1280', schemes = 'light', only = ''] = process.argv.slice(2);
const SCREENS: Readonly<Record<string, string>> = {
  overview: '/',
  live: '/live',
  deliveries: '/deliveries',
  parked: '/deliveries?state=parked',
  delivery: `/deliveries/${idOf(6)}`,
  hostile: `/deliveries/${idOf(3)}`,
  endpoints: '/endpoints',
  endpoint: '/endpoints/crm',
  hooks: '/hooks',
  playground: '/hooks/crm-profiles',
  backfills: '/backfills',
  database: '/database',
  config: '/config',
};

mkdirSync(directory, { recursive: true });
const fixture = await FixtureServer.open();
const browser = await openBrowser();
for (const width of widths.split(',').map(Number)) {
  for (const scheme of schemes.split(',') as ('light' | 'dark')[]) {
    const page = await browser.newPage({ viewport: { width, height: Number(process.env['SHOT_HEIGHT'] ?? (width < 500 ? 760 : width > 2000 ? 1200 : 800)) }, colorScheme: scheme });
    page.on('console', (message) => console.log(message.type(), message.text()));
    page.on('pageerror', (error) => console.log('ERROR', error.message));
    for (const [name, path] of Object.entries(SCREENS)) {
      if (only !== '' && !only.split(',').includes(name)) continue;
      await page.goto(fixture.url + path);
      await page.waitForTimeout(500);
      if (name === 'playground') {
        await page.getByLabel('draft').fill("name: crm-profiles\ntable: profiles\nto: crm\nchanged: [email, country]\nwhen: row.contry == 'NL'\nfields:\n  omit: [password_hash]\n");
        await page.waitForTimeout(800);
      }
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (Number(overflow) > 0) console.log(`${name} at ${width}: ${String(overflow)} px too wide`);
      await page.screenshot({ path: join(directory, `${name}-${width}-${scheme}.png`) });
    }
    await page.close();
  }
}
await browser.close();
await fixture.close();
