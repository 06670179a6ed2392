import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import {
  type Cell,
  matrix,
  OWN_NODE,
  packBeforeTests,
  preparePlace,
} from '../../support/matrix.js';
import { requires } from '../../support/skips.js';
import { sorted } from '../../support/sorted.js';

/** The parts of Playwright that are used; its types need those of the DOM. */
interface Page {
  on(event: 'request', listener: (request: { url(): string }) => void): void;
  goto(url: string, options: { waitUntil: 'load' | 'networkidle' }): Promise<unknown>;
  waitForFunction(condition: string): Promise<unknown>;
  close(): Promise<void>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

const { hasChromium, launchChromium } = await import(`${ROOT}scripts/chromium.mjs`);

const REGISTER = ['--import', 'opentelemetry-matomo/register'];
const VITE: Cell = {
  name: 'Vite, its development server',
  node: OWN_NODE,
  setUp: { name: 'vite-8.3.8', dependencies: { vite: '8.3.8' } },
  command: () => ({
    args: [
      ...['--require', './listening.cjs', ...REGISTER],
      ...['../node_modules/vite/bin/vite.js', 'vite', '--host', '127.0.0.1', '--port', '0'],
    ],
  }),
};
const STREAMS: Cell = {
  name: 'socket.io and an event stream',
  node: OWN_NODE,
  setUp: { name: 'socket.io-4.8.4', dependencies: { 'socket.io': '4.8.4' } },
  command: () => ({ args: [...REGISTER, 'streams/server.cjs'] }),
};

const npmPackage = packBeforeTests();
let browser: Browser | undefined;
beforeAll(async () => {
  if (hasChromium) browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Opens a page of the application in a browser, and returns the paths of its hits and of all requests of the browser. */
async function open(cell: Cell, path: string, isLoaded?: (page: Page) => Promise<unknown>) {
  requires('chromium');
  const place = await preparePlace(cell, npmPackage());
  const requested: string[] = [];
  const load = async (url: string) => {
    const page = await (browser as Browser).newPage();
    page.on('request', (request) => void requested.push(request.url().slice(url.length)));
    await page.goto(url + path, { waitUntil: isLoaded ? 'load' : 'networkidle' });
    await isLoaded?.(page);
    await page.close();
  };
  const { hits } = await matrix.runApp({ ...place, ...cell.command(true), use: load });
  const paths = hits.map(({ params }) => (params.url ?? '').replace(/^https?:\/\/[^/]+/, ''));
  return { hits, paths: sorted(paths), requested };
}

test('the first load of a page of Vite makes one page view', async () => {
  const { paths, requested } = await open(VITE, '/');
  expect(paths).toEqual(['/']);
  expect(requested.some((url) => url.includes('/src/main.js'))).toBe(true);
  expect(requested.length).toBeGreaterThan(2);
});

test('a session of socket.io and an event stream make one hit each besides the page view', async () => {
  const { hits, paths, requested } = await open(STREAMS, '/', (page) =>
    page.waitForFunction('/polled/.test(document.title) && /streamed/.test(document.title)'),
  );
  expect(paths).toEqual(['/', '/events', '/socket.io/?EIO=4&transport=polling']);
  expect(hits.map(({ params }) => params.cvar)).toEqual(
    Array(3).fill(expect.stringMatching('200')),
  );
  expect(requested.filter((url) => url.startsWith('/socket.io/?')).length).toBeGreaterThan(5);
});
