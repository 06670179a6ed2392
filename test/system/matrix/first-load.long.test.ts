import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ROOT } from '../../support/child-process.js';
import { sampled } from '../../support/long.js';
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
  click(selector: string): Promise<void>;
  waitForFunction(condition: string): Promise<unknown>;
  close(): Promise<void>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
/** `cwd` is the folder to start it in. */
type App = Cell & { readonly cwd?: string };

const { hasChromium, launchChromium } = await import(`${ROOT}scripts/chromium.mjs`);

const REGISTER = ['--import', 'opentelemetry-matomo/register'];
const VITE: App = {
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
const STREAMS: App = {
  name: 'socket.io and an event stream',
  node: OWN_NODE,
  setUp: { name: 'socket.io-4.8.4', dependencies: { 'socket.io': '4.8.4' } },
  command: () => ({ args: [...REGISTER, 'streams/server.cjs'] }),
};

function frameworkOf(name: string): App {
  return matrix.FRAMEWORKS.find((cell) => cell.name.startsWith(name)) as Cell;
}

/** It looks for its scripts in the current folder. */
function reactRouter(): App {
  const serve = '../../node_modules/@react-router/serve/bin.js';
  return {
    ...frameworkOf('React Router 7'),
    cwd: 'react-router',
    command: () => ({
      args: ['--require', '../listening.cjs', ...REGISTER, serve, 'build/server/index.js'],
      env: { HOST: '127.0.0.1', PORT: '0' },
    }),
  };
}

vi.setConfig({ testTimeout: 900_000 }); // frameworks are installed and built
const npmPackage = packBeforeTests();
let browser: Browser | undefined;
beforeAll(async () => {
  if (hasChromium) browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Opens a page of the application in a browser, and returns the paths of its hits and of all requests of the browser. */
async function open(cell: App, path: string, isLoaded?: (page: Page) => Promise<unknown>) {
  requires('chromium');
  const place = await preparePlace(cell, npmPackage());
  const folder = join(place.folder, cell.cwd ?? '');
  const requested: string[] = [];
  const load = async (url: string) => {
    const page = await (browser as Browser).newPage();
    page.on('request', (request) => void requested.push(request.url().slice(url.length)));
    await page.goto(url + path, { waitUntil: isLoaded ? 'load' : 'networkidle' });
    await isLoaded?.(page);
    await page.close();
  };
  const { hits } = await matrix.runApp({ ...place, folder, ...cell.command(true), use: load });
  const paths = hits.map(({ params }) => (params.url ?? '').replace(/^https?:\/\/[^/]+/, ''));
  return { hits, paths: sorted(paths), requested };
}

type Load = readonly [framework: string, toCell: () => App, path: string, other: string];
const QUICK: Load[] = [['Vite', () => VITE, '/', '/src/main.js']];
/** It takes minutes to install and build these. */
const SLOW: Load[] = [
  ['React Router', reactRouter, '/users/ann', '/users/bob.data'],
  ['Astro', () => frameworkOf('Astro'), '/users/ann', '/icon.svg'],
  ['Next.js', () => frameworkOf('Next.js: `next start`'), '/users/ann', '_rsc='],
];

test.each(sampled(QUICK, [...QUICK, ...SLOW]))(
  'the first load of a page of %s makes one page view',
  async (_name, toCell, path, other) => {
    const { paths, requested } = await open(toCell(), path);
    expect(paths).toEqual([path]);
    expect(requested.some((url) => url.includes(other))).toBe(true);
    expect(requested.length).toBeGreaterThan(2);
  },
);

test.each(sampled([], [reactRouter]))(
  'a click in React Router makes a page view with the title of the page',
  async (toCell) => {
    const { hits } = await open(toCell(), '/users/ann', async (page) => {
      await page.waitForFunction('window.__reactRouterDataRouter?.state.initialized');
      await page.click('text=Carl');
      await page.waitForFunction("location.pathname === '/users/carl'");
    });
    const titles = hits.map(({ params }) => params.action_name);
    expect(sorted(titles)).toEqual(['GET /users/ann', 'GET /users/carl']);
  },
);

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
