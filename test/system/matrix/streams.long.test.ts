import { expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { matrix, OWN_NODE, packBeforeTests, preparePlace } from '../../support/matrix.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';
import { read } from '../docs/pages.js';

/** The parts of Playwright that are used; its types need those of the DOM. */
interface Page {
  on(event: 'request', listener: (request: { url(): string }) => void): void;
  goto(url: string): Promise<unknown>;
  waitForFunction(condition: string): Promise<unknown>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

const { launchChromium } = await import(`${ROOT}scripts/chromium.mjs`);
const npmPackage = packBeforeTests();
const SETTING = {
  node: OWN_NODE,
  setUp: { name: 'socket.io-4.8.4', dependencies: { 'socket.io': '4.8.4' } },
};

test('in a browser, an event stream makes one hit besides the page view, and the pattern of the docs excludes polls of socket.io', async () => {
  requires('chromium');
  const place = await preparePlace(SETTING, npmPackage());
  const requested: string[] = [];
  const load = async (url: string) => {
    const browser: Browser = await launchChromium();
    const page = await browser.newPage();
    page.on('request', (request) => void requested.push(request.url().slice(url.length)));
    await page.goto(`${url}/`);
    await page.waitForFunction('/polled/.test(document.title) && /streamed/.test(document.title)');
    await browser.close();
  };
  const args = ['--import', 'opentelemetry-matomo/register', 'streams/server.cjs'];
  const [, patterns] = /MATOMO_IGNORE_PATTERNS='(\S+)'/.exec(read('docs/exclude.md')) ?? [];
  const env = { MATOMO_IGNORE_PATTERNS: patterns as string };
  const { hits } = await matrix.runApp({ ...place, args, env, use: load });
  expect(sorted(hits.map(({ stored, status }) => `${status} ${stored?.url}`))).toEqual([
    expect.stringMatching(/^200 .*:\d+\/$/),
    expect.stringMatching(/^200 .*\/events$/),
  ]);
  expect(requested.filter((url) => url.startsWith('/socket.io/?')).length).toBeGreaterThan(5);
});
