import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Inspector, InspectorOptions } from '../../../src/inspector/index.js';
import { eventually, ROOT } from '../../support/child-process.js';
import { requires } from '../../support/skips.js';
import { hit, sendBulk } from '../inspector-client.js';

const { hasChromium, launchChromium } = (await import(`${ROOT}scripts/chromium.mjs`)) as {
  readonly hasChromium: boolean;
  launchChromium(): Promise<Browser>;
};
// The page is there once it is built.
const { startInspector } = (await import(
  `${ROOT}dist/cjs/inspector/index.js`
)) as typeof import('../../../src/inspector/index.js');

type Options = BrowserContextOptions & { readonly inspector?: InspectorOptions };

/** A browser for the tests of a file. */
export function useBrowser() {
  let browser: Browser;
  beforeAll(async () => {
    if (hasChromium) browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** Starts an inspector and opens its page; `errors` has what the page logs as an error, and requests elsewhere. */
  return async ({ inspector: settings, ...options }: Options = {}) => {
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
      errors.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(inspector.url);
    await page.getByText('live', { exact: true }).waitFor();
    return { page, inspector, errors };
  };
}

const VISITOR = '0123456789abcdef';

export function view(title: string, status: number, parameters: Record<string, string> = {}) {
  const cvar = JSON.stringify({ 1: ['http_status_code', String(status)] });
  return hit({ action_name: title, cvar, cid: VISITOR, pf_srv: '12', ...parameters });
}

/** Some hits of each kind: three endpoints, one that is invalid, one that is dropped. */
export function sendSome(inspector: Inspector): Promise<Response> {
  return sendBulk(inspector, [
    view('GET /users/:id', 200, { pf_srv: '10', pf_dm1: '4' }),
    view('GET /users/:id', 200, { pf_srv: '30' }),
    view('GET /users/:id', 404, { pf_srv: '20', cid: 'fedcba9876543210' }),
    view('POST /orders', 503),
    view('GET /a', 301),
    view('GET /b', 200, { idsite: '0' }),
    view('GET /c', 200, { rec: '0' }),
  ]);
}

export const titles = (page: Page) => page.locator('#hits .link').allInnerTexts();

/** Waits until the list has so many hits. */
export async function listed(page: Page, count: number): Promise<void> {
  await eventually(async () => (await titles(page)).length === count, {
    describe: () => `${count} hits`,
  });
}
