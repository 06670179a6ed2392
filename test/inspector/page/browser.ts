import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Inspector, InspectorOptions } from '../../../src/inspector/index.js';
import { ROOT } from '../../support/child-process.js';
import { requires } from '../../support/skips.js';

interface Chromium {
  readonly hasChromium: boolean;
  launchChromium(): Promise<Browser>;
}

const { hasChromium, launchChromium } = (await import(`${ROOT}scripts/chromium.mjs`)) as Chromium;
// The page is there once it is built.
const { startInspector } = (await import(
  `${ROOT}dist/cjs/inspector/index.js`
)) as typeof import('../../../src/inspector/index.js');

/** A browser for the tests of a file. */
export function useBrowser(): (
  options?: BrowserContextOptions & { readonly inspector?: InspectorOptions },
) => Promise<{ page: Page; inspector: Inspector; errors: string[] }> {
  let browser: Browser;
  beforeAll(async () => {
    if (hasChromium) browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** Starts an inspector and opens its page; `errors` has what the page logs as an error, and requests elsewhere. */
  return async ({ inspector: settings, ...options } = {}) => {
    requires('chromium');
    const inspector = await startInspector(settings);
    onTestFinished(() => inspector.close());
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const errors: string[] = [];
    page.on('pageerror', (error) => void errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(`${inspector.url}/`)) errors.push(`asks ${request.url()}`);
    });
    page.on('dialog', (dialog) => {
      errors.push(`opens a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(inspector.url);
    await page.getByText('live', { exact: true }).waitFor();
    return { page, inspector, errors };
  };
}
