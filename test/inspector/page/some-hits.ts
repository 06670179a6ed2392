import type { Page } from 'playwright-core';
import type { Inspector } from '../../../src/inspector/index.js';
import { eventually } from '../../support/child-process.js';
import { hit, sendBulk } from '../inspector-client.js';

const VISITOR = '0123456789abcdef';

export function view(
  title: string,
  status: number,
  parameters: Record<string, string> = {},
): string {
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

export async function titles(page: Page): Promise<string[]> {
  return page.locator('#hits .link').allInnerTexts();
}

/** Waits until the list has so many hits. */
export async function listed(page: Page, count: number): Promise<void> {
  await eventually(async () => (await titles(page)).length === count, {
    describe: () => `${count} hits`,
  });
}

/** Waits until the page has told that to screen readers. */
export async function announced(page: Page, text: RegExp): Promise<void> {
  await eventually(async () => text.test((await page.locator('#announcer').textContent()) ?? ''), {
    describe: () => `the announcement ${text}`,
  });
}
