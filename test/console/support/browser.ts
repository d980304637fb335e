import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The browser that the console is tested in. Throws, and says what to install, where there is none. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env['WALHOOK_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`the console is tested in a real browser, and ${executablePath} is not there: apt-get install chromium, or say where one is in WALHOOK_CHROMIUM`);
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
