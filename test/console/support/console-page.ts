import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { openBrowser } from './browser.ts';

/** A browser for a file of tests, and a page for each test that wants one. What the page complains of fails the test. */
export function browserTests(): { page(options?: BrowserContextOptions): Promise<Page> } {
  let browser: Browser | null = null;
  let complaints: string[] = [];
  const opened: Page[] = [];
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((page) => page.context().close()));
    const found = complaints;
    complaints = [];
    if (found.length > 0) throw new Error(`the page complains:\n${found.join('\n')}`);
  });
  afterAll(() => browser?.close());
  return {
    page: async (options = {}) => {
      if (browser === null) throw new Error('the browser is not open yet');
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'], ...options });
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      opened.push(page);
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // A violation of the CSP is an error of the console; what the API refuses is not the page's fault.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
      });
      return page;
    },
  };
}

/** What the page has copied. */
export function clipboard(page: Page): Promise<string> {
  return page.evaluate('navigator.clipboard.readText()');
}

/** How many pixels the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
