import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserTests, clipboard, overflow } from './support/console-page.ts';
import { ago, changeReport, fleetReport, HOSTILE, idOf } from './support/fixture-data.ts';
import { FixtureServer } from './support/fixture-server.ts';

/* Every screen and every action, against the contract's API: what a real daemon cannot be brought to say is said here. */
const browser = browserTests();
let fixture: FixtureServer;
beforeAll(async () => {
  fixture = await FixtureServer.open();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  await fixture.close();
  fixture = await FixtureServer.open();
});

function posted(path: string): unknown[] {
  return fixture.posted.filter((one) => one.path === path).map(({ body }) => body);
}

describe('overview', () => {
  test('says how it is, what is to be done, and how each endpoint does', async () => {
    const page = await browser.page();
    await page.goto(fixture.url);
    await page.getByTestId('health').or(page.locator('[data-test=health]')).waitFor();
    expect(await page.locator('[data-test=health]').textContent()).toContain('crm has refused 1,204 deliveries');
    expect(await page.locator('[data-test=slot]').textContent()).toContain('412 MB of 10 GB');
    expect(await page.getByRole('row').count()).toBe(5);
    await page.getByText('look').first().click();
    await page.getByRole('complementary', { name: 'endpoint crm' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/endpoints/crm');
  });
});

describe('overview of a fleet', () => {
  test('shows the role, who delivers from what, how far behind, and what nobody has', async () => {
    fixture.engine = fleetReport();
    const page = await browser.page();
    await page.goto(fixture.url);
    const part = page.locator('[data-test=engine]');
    await part.waitFor();
    expect(await part.textContent()).toContain('reads the slot');
    expect(await part.textContent()).toContain('1,204,118');
    const rows = await page.getByRole('table', { name: 'workers' }).getByRole('row').allTextContents();
    expect(rows).toHaveLength(4);
    expect(rows[1]).toMatch(/^nobody.*5, 6.*31.*31 in 5/);
    expect(rows[2]).toMatch(/^worker-1-7.*0–3.*12,040.*11,800 in 2/);
    expect(rows[3]).toMatch(/^worker-2-7.*0–$/);
    expect(await overflow(page)).toBe(0);
  });

  test('shows a worker that idles, and why', async () => {
    const engine = fleetReport();
    const partitions = engine.fleet?.partitions.slice(0, 1) ?? [];
    fixture.engine = { ...engine, fleet: { partitions, workers: [{ worker: 'worker-1-7', partitions: [0], lag: 100 }, { worker: 'worker-3-7', partitions: [], lag: 0 }], unassigned_for: null }, fleet_problems: [] };
    const page = await browser.page();
    await page.goto(fixture.url);
    await page.getByText('There are more workers (2) than partitions (1): 1 of them idles, and takes over when another one goes.').waitFor();
    const rows = await page.getByRole('table', { name: 'workers' }).getByRole('row').allTextContents();
    expect(rows[2]).toMatch(/^worker-3-7.*0–0–$/);
  });

  test('breaks nothing at 360 px', async () => {
    fixture.engine = fleetReport();
    const page = await browser.page({ viewport: { width: 360, height: 760 } });
    await page.goto(fixture.url);
    await page.getByRole('table', { name: 'workers' }).waitFor();
    expect(await overflow(page)).toBe(0);
  });

  test('a process that only delivers shows no write-ahead log, and a broker that does not answer is told', async () => {
    fixture.engine = { ...fleetReport(), role: 'deliver', worker: 'worker-1-7', partitions: [0, 1, 2, 3], generation: 9, rebalances: 3, last_pause: 240, fleet: null, fleet_error: 'no broker of kafka:9092 answers' };
    fixture.slot = { ...fixture.slot, received: '', confirmed: '', wal: null };
    const page = await browser.page();
    await page.goto(fixture.url);
    await page.getByText('no broker of kafka:9092 answers').waitFor();
    expect(await page.locator('[data-test=slot]').count()).toBe(0);
    expect(await page.locator('[data-test=engine]').textContent()).toMatch(/own partitions0–3.*3 times, 240 ms/);
  });

  test('without an engine nothing of it is there', async () => {
    const page = await browser.page();
    await page.goto(fixture.url);
    await page.locator('[data-test=slot]').waitFor();
    expect(await page.locator('[data-test=engine]').count()).toBe(0);
  });
});

describe('live', () => {
  test('shows what happens, freezes, and filters by text', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/live`);
    await expect.poll(() => fixture.watchers).toBe(1);
    const shown = (key: string): Promise<number> => page.getByRole('row').filter({ hasText: key }).count();
    fixture.tell({ type: 'change', change: { ...changeReport(1, ago(0)), place: 'fresh-1', key: { user_id: 'fresh-key-1' } } });
    await expect.poll(() => shown('fresh-key-1')).toBe(1);
    await page.keyboard.press('p');
    await page.getByText('frozen').waitFor();
    expect(page.url()).toContain('frozen=yes');
    fixture.tell({ type: 'change', change: { ...changeReport(1, ago(0)), place: 'fresh-2', key: { user_id: 'fresh-key-2' } } });
    await page.getByText('frozen, 1 new').waitFor();
    expect(await shown('fresh-key-2')).toBe(0);
    await page.keyboard.press('p');
    await expect.poll(() => shown('fresh-key-2')).toBe(1);
    fixture.tell({ type: 'skipped', count: 1_204 });
    await page.getByText('1,204 not: too many at once').waitFor();
    await page.getByLabel('text', { exact: true }).fill('fresh-key-2');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    expect(page.url()).toContain('text=fresh-key-2');
  });
});

describe('deliveries', () => {
  test('keeps its filters in the URL, and finds a row by search', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/deliveries`);
    await page.getByRole('link', { name: /parked/ }).click();
    await page.getByLabel('endpoint', { exact: true }).selectOption('warehouse');
    await page.getByText('No parked delivery fits the filter.').waitFor();
    expect(new URL(page.url()).search).toBe('?state=parked&endpoint=warehouse');
    await page.keyboard.press('/');
    await page.keyboard.type('profiles 4003');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByLabel('key user_id').inputValue()).toBe('4003');
    await expect.poll(() => page.getByRole('row').count()).toBe(3);
  });

  test('100,000 parked open at once: a page at a time', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/deliveries?state=parked`);
    await page.getByText('100,000').waitFor();
    expect(await page.getByRole('row').count()).toBe(51);
    await page.getByText('the next page').click();
    await expect.poll(() => page.url()).toContain('cursor=50');
    expect(fixture.longest).toBe(50);
  });

  test('the drawer tells what happened, why, and what other hooks made of it', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/deliveries`);
    await page.locator('[data-row]').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('complementary');
    await drawer.waitFor();
    expect(new URL(page.url()).pathname).toBe(`/deliveries/${idOf(1)}`);
    expect(await drawer.locator('[data-test=what-happened]').textContent()).toContain('crm never got it: 12 attempts failed');
    expect(await drawer.locator('[data-test=attempts]').textContent()).toContain('12. refused');
    await drawer.getByText("row.plan == 'free' && old.plan != 'free'").waitFor();
    expect(await drawer.locator('[data-test=trace]').textContent()).toContain('changed: none of name, email, city changed');
    await drawer.getByText('Copy as curl').click();
    await expect.poll(() => clipboard(page)).toMatch(/^curl -X POST/);
    await drawer.getByText('Copy as a config test').click();
    await expect.poll(() => clipboard(page)).toContain('expect: { "data": { "user_id": 4001');
    await page.keyboard.press('r');
    await page.getByText('It is sent to crm again, with the same id.').waitFor();
    expect(posted('/deliveries/replay')).toEqual([{ state: 'dead', ids: [idOf(1)], endpoint: 'crm' }]);
    await drawer.getByText('Discard …').click();
    await drawer.getByLabel('reason').fill('sent by hand');
    await drawer.getByRole('button', { name: 'Discard', exact: true }).click();
    await page.getByText('It is discarded.').waitFor();
    expect(posted('/deliveries/discard')).toEqual([{ state: 'dead', ids: [idOf(1)], endpoint: 'crm', reason: 'sent by hand' }]);
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe('/deliveries');
  });

  test('bulk actions count first, run in the background and can be cancelled', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/deliveries?state=parked`);
    await page.locator('[data-test=count-discard]').click();
    await page.getByText('100,000 deliveries').waitFor();
    expect(posted('/deliveries/discard')).toEqual([{ state: 'parked', all: true, dry_run: true }]);
    await page.getByLabel('reason').fill('a test');
    await page.locator('[data-test=confirm-discard]').click();
    await page.locator('[data-test=progress][data-state=running]').waitFor();
    await page.getByText('Cancel the rest').click();
    await page.locator('[data-test=progress][data-state=cancelled]').waitFor();
    expect(posted('/deliveries/discard')[1]).toMatchObject({ state: 'parked', all: true, reason: 'a test', background: true });
  });

  test('an id that nothing is kept under is explained', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/deliveries/unknown`);
    await page.getByText('Nothing is kept under this id').waitFor();
  });
});

describe('endpoints', () => {
  test('pause, resume, probe, test, recover and rotate', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/endpoints/crm`);
    const drawer = page.getByRole('complementary');
    await drawer.getByText('Nothing listens there').waitFor();
    await drawer.getByText('Close the breaker').click();
    await page.getByText('One delivery is let through to crm now').waitFor();
    await drawer.getByLabel('reason of the pause').fill('maintenance');
    await drawer.getByRole('button', { name: 'Pause' }).click();
    await drawer.getByText('maintenance').waitFor();
    await drawer.getByRole('button', { name: 'Resume' }).click();
    await drawer.getByRole('button', { name: 'Pause' }).waitFor();
    await drawer.getByRole('button', { name: 'Send a test' }).click();
    await drawer.getByText('delivered with status 202').waitFor();
    await drawer.getByLabel('recover since').fill('2026-11-22T01:00:00');
    await drawer.locator('[data-test=count-replay]').click();
    await drawer.getByText('Send 37 again').click();
    await drawer.locator('[data-test=progress][data-state=done]').waitFor();
    await drawer.getByRole('button', { name: 'Rotate the secret' }).click();
    await drawer.getByText('whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD').waitFor();
    await drawer.locator('[data-test=rotation]').getByText(/in 24 h|in 23 h/).waitFor();
    await drawer.getByRole('button', { name: 'End the rotation' }).click();
    await drawer.getByRole('button', { name: 'Rotate the secret' }).waitFor();
    expect(fixture.posted.map(({ path }) => path)).toEqual(['/endpoints/crm/probe', '/endpoints/crm/pause', '/endpoints/crm/resume', '/endpoints/crm/test', '/deliveries/replay', '/deliveries/replay', '/endpoints/crm/rotate', '/endpoints/crm/end-rotation']);
    expect(posted('/endpoints/crm/rotate')).toEqual([{ grace: '24h' }]);
  });
});

describe('hooks', () => {
  test('a draft is wrong at its line, and its request stands beside the one that is sent', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/hooks`);
    expect(await page.locator('[data-test=hook-crm-profiles]').textContent()).toContain('49,250 matched');
    await page.getByRole('link', { name: 'crm-profiles' }).first().click();
    await page.getByRole('region', { name: 'As it runs' }).getByText('it wants this').waitFor();
    const draft = page.getByRole('textbox', { name: 'draft' });
    await draft.fill("name: crm-profiles\ntable: profiles\nto: crm\nwhen: row.contry == 'NL'\n");
    await page.getByText('line 4, column 7: row has no column contry').waitFor();
    expect(await page.locator('.gutter li.wrong').count()).toBe(1);
    await draft.fill("name: crm-profiles\ntable: profiles\nto: crm\nwhen: row.country == 'DE'\n");
    await page.getByRole('region', { name: 'Of the draft' }).getByText('"drafted": true').waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get('draft')).toContain("row.country == 'DE'");
    await page.reload();
    await expect.poll(() => draft.inputValue()).toContain("row.country == 'DE'");
    await page.getByRole('region', { name: 'Of the draft' }).getByText('"drafted": true').waitFor();
    await page.getByLabel('test URL').fill('https://test.example/hook');
    await page.getByText('Send the draft there').click();
    await page.locator('[data-test=exchange]').getByText('delivered with status 202').waitFor();
    expect(posted('/hooks/crm-profiles/try')).toEqual([{ url: 'https://test.example/hook', draft: "name: crm-profiles\ntable: profiles\nto: crm\nwhen: row.country == 'DE'\n" }]);
    await page.getByText('copy YAML').click();
    await expect.poll(() => clipboard(page)).toContain("row.country == 'DE'");
    await page.getByLabel('key user_id').fill('4001');
    await page.getByLabel('key user_id').press('Enter');
    await expect.poll(() => page.url()).toContain('key.user_id=4001');
    await expect.poll(() => posted('/hooks/crm-profiles/render').at(-1)).toMatchObject({ key: { user_id: '4001' } });
  });
});

describe('backfills', () => {
  test('start, pause, resume and cancel', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/backfills`);
    const rows = page.getByRole('row').filter({ hasText: "country = 'NL'" });
    await rows.first().waitFor();
    const before = await rows.count();
    await page.getByLabel('hook', { exact: true }).selectOption('crm-profiles');
    await page.getByLabel('where').fill("country = 'NL'");
    await page.getByLabel('rate').fill('50');
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('go to crm-profiles').waitFor();
    expect(posted('/backfills')).toEqual([{ hook: 'crm-profiles', where: "country = 'NL'", rate: 50, origin: 'console' }]);
    // There was one like it before: the new one comes first.
    await expect.poll(() => rows.count()).toBe(before + 1);
    const row = rows.first();
    await row.getByText('pause').click();
    await row.getByText('paused').waitFor();
    await row.getByText('resume').click();
    await row.getByText('running').waitFor();
    await row.getByText('cancel').click();
    await row.getByText('cancelled').waitFor();
  });
});

describe('database', () => {
  test('has the findings worst first, with SQL to copy, and each table', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/database`);
    await page.getByText('REPLICA IDENTITY DEFAULT').waitFor();
    await page.getByRole('list', { name: 'findings' }).getByRole('button', { name: 'copy' }).first().click();
    await expect.poll(() => clipboard(page)).toBe('ALTER TABLE public.orders REPLICA IDENTITY FULL;');
    expect(await page.getByRole('table', { name: 'tables' }).textContent()).toContain('1,204,100');
  });
});

describe('config', () => {
  test('has the errors at their lines, the difference from the disk, and reloads', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/config`);
    await page.locator('[data-test=failed-reload]').waitFor();
    expect(await page.getByRole('list', { name: 'file on disk' }).locator('li.wrong').first().textContent()).toContain('unknown key (did you mean "timeout"?)');
    expect(await page.getByRole('list', { name: 'difference' }).locator('li.added').count()).toBe(3);
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('status').getByText('walhook.yaml has 2 errors').waitFor();
    expect(posted('/config/reload')).toEqual([{}]);
  });
});

describe('whatever a row holds', () => {
  test.each([360, 1_120, 2_560])('it is text and breaks nothing at %i px', async (width) => {
    const page = await browser.page({ viewport: { width, height: 800 } });
    for (const path of ['/', '/live', '/deliveries', '/deliveries?state=parked', `/deliveries/${idOf(3)}`, '/endpoints', '/endpoints/crm', '/hooks', '/hooks/crm-profiles', '/backfills', '/database', '/config']) {
      await page.goto(fixture.url + path);
      await page.locator('main').locator('[data-row], .facts, .lines, .step').first().waitFor();
      expect(await overflow(page), path).toBe(0);
    }
    expect(await page.evaluate('window.hacked')).toBeUndefined();
  });

  test('5 MB are shown in part, with their size, and all on demand', async () => {
    const page = await browser.page();
    await page.goto(`${fixture.url}/deliveries/${idOf(3)}`);
    const drawer = page.getByRole('complementary');
    await drawer.getByText(/^4.1 kB of 5 MB are shown/).click();
    await drawer.getByText(/^266 kB of 5 MB are shown/).waitFor();
    expect(await drawer.textContent()).toContain(HOSTILE.slice(0, 40));
    expect(await drawer.locator('.hidden-character', { hasText: 'U+202E' }).count()).toBeGreaterThan(0);
    expect(await drawer.locator('script, img').count()).toBe(0);
  });
});

describe('the daemon', () => {
  test('gone: what was there stays, marked, and it comes back by itself', async () => {
    const page = await browser.page();
    await page.goto(fixture.url);
    await page.locator('[data-test=health][data-stale=false]').waitFor();
    await fixture.close();
    await page.getByText('walhook does not answer.').waitFor();
    await page.locator('[data-test=health][data-stale=true]').waitFor();
    fixture.overview = { ...fixture.overview, health: { level: 'ok', sentence: 'All well again.' } };
    await fixture.open();
    await page.getByText('All well again.').waitFor();
    await page.getByText('walhook does not answer.').waitFor({ state: 'detached' });
  });

  test('with a token asks for it, and keeps it for the tab', async () => {
    fixture.token = 'secret-token';
    const page = await browser.page();
    await page.goto(`${fixture.url}/database`);
    await page.locator('[data-test=token]').fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('The one that was given is wrong.').waitFor();
    await page.locator('[data-test=token]').fill('secret-token');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('REPLICA IDENTITY DEFAULT').waitFor();
    await page.reload();
    await page.getByText('REPLICA IDENTITY DEFAULT').waitFor();
  });
});

test('the page paints within a second', async () => {
  const page = await browser.page();
  const paints: number[] = [];
  // Other tests take the processor too: the best of some is what the page itself needs.
  for (let i = 0; i < 5; i++) {
    await page.goto(fixture.url);
    await page.locator('[data-test=health]').waitFor();
    paints.push(Number(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")));
  }
  expect(Math.min(...paints)).toBeLessThan(1_000);
});

test('? shows the keys', async () => {
  const page = await browser.page();
  await page.goto(fixture.url);
  await page.locator('[data-test=health]').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('region', { name: 'keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'keys' }).waitFor({ state: 'detached' });
});
