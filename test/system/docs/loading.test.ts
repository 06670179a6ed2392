import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, startServer } from '../../support/child-process.js';
import { APPS, get, matomo, startTracked, titles } from '../../support/registered-app.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runShell } from './commands.js';
import { codeBlocksOf, PAGES, read } from './pages.js';

test.each([
  ['the SDK setup that the page shows', [`./${APPS}/esm/instrumentation.mjs`]],
  ['register', ['opentelemetry-matomo/register']],
])('an ES module with %s in --import makes one hit per request', async (_with, [preload]) => {
  const { inspector, app } = await startTracked([
    '--import',
    preload as string,
    `${APPS}/esm/app.mjs`,
  ]);
  await get(`${app.url}/users/7`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /users/:id']);
  expect(app.stderr()).toBe('');
});

/** Values of `NODE_OPTIONS` that pages show, as a shell or a Dockerfile has them. */
const DOCUMENTED = new Set(
  PAGES.flatMap((page) => [...read(page).matchAll(/NODE_OPTIONS=("(?:[^"\\\n]|\\.)*")/g)])
    .map(([, value = '']) => value)
    .filter((value) => value.includes('opentelemetry-matomo')),
);

test.each([...DOCUMENTED])(
  'NODE_OPTIONS of %s loads register into a child process that starts in another folder',
  async (documented) => {
    const { inspector, env } = await matomo();
    const root = temporaryFolder();
    const isOfShell = documented.includes('$(pwd)');
    const folder = join(root, isOfShell ? 'my app' : 'app');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(ROOT, join(folder, 'node_modules/opentelemetry-matomo'), 'junction');
    const [NODE_OPTIONS = ''] = isOfShell
      ? await runShell(`printf %s ${documented}`, { cwd: folder })
      : [documented.slice(1, -1).replace('/app', folder).replaceAll('\\', '/')];
    const file = JSON.stringify(join(ROOT, APPS, 'plain-http.cjs'));
    const elsewhere = JSON.stringify({ cwd: root, stdio: 'inherit' });
    const parent = `require('node:child_process').spawn(process.execPath, [${file}], ${elsewhere})`;
    const app = await startServer(['-e', parent], { cwd: folder, env: { ...env, NODE_OPTIONS } });
    await get(`${app.url}/stop`);
    expect(await app.exit()).toEqual({ code: 0, signal: null });
    expect(titles(inspector)).toEqual(['GET /stop']);
    expect(app.stderr()).toBe('');
  },
);

test('without a URL, with the condition in code, the application runs, and nothing is logged', async () => {
  const app = await startServer(['--eval', inCode()]);
  await get(`${app.url}/stop`);
  expect(await app.exit()).toEqual({ code: 0, signal: null });
  expect(app.stderr()).toBe('');
});

test('with a URL, the condition in code tracks', async () => {
  const { inspector, app } = await startTracked(['--eval', inCode()]);
  await get(`${app.url}/stop`);
  await app.exit();
  expect(inspector.hits()).toHaveLength(1);
});

/** The code of the page as CommonJS, then the application. */
function inCode(): string {
  const blocks = codeBlocksOf('docs/start.md');
  const { code = '' } = blocks.find((block) => block.code.includes('enabled:')) ?? {};
  const imported = code.replace(/import (\{.*?\}) from ('.*?');/, 'const $1 = require($2);');
  return `${imported}\nrequire('./${APPS}/plain-http.cjs');`;
}
