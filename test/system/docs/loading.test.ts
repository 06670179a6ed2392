import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, startServer } from '../../support/child-process.js';
import { APPS, get, matomo, startTracked, titles } from '../../support/registered-app.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runShell } from './commands.js';
import { codeBlocksOf, PAGES, read } from './pages.js';

test.each([`./${APPS}/esm/instrumentation.mjs`, 'opentelemetry-matomo/register'])(
  'an ES module with --import %s makes one hit per request',
  async (preload) => {
    const { inspector, app } = await startTracked(['--import', preload, `${APPS}/esm/app.mjs`]);
    await get(`${app.url}/users/7`);
    await app.stop();
    expect(titles(inspector)).toEqual(['GET /users/:id']);
    expect(app.stderr()).toBe('');
  },
);

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

test('with the condition in code, the application is tracked if there is a URL, and else nothing is logged', async () => {
  const blocks = codeBlocksOf('docs/start.md');
  const { code = '' } = blocks.find((block) => block.code.includes('enabled:')) ?? {};
  const inCommonJs = code.replace(/import (\{.*?\}) from ('.*?');/, 'const $1 = require($2);');
  const { inspector, env } = await matomo();
  for (const [given, hits] of [
    [{}, 0],
    [env, 1],
  ] as const) {
    const args = ['--eval', `${inCommonJs}\nrequire('./${APPS}/plain-http.cjs');`];
    const app = await startServer(args, { env: given });
    await get(`${app.url}/stop`);
    expect(await app.exit()).toEqual({ code: 0, signal: null });
    expect(app.stderr()).toBe('');
    expect(inspector.hits()).toHaveLength(hits);
  }
});
