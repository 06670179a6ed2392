import { expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { APPS, get, startTracked } from '../../support/registered-app.js';
import { codeBlocksOf } from './pages.js';

const APP = `${APPS}/plain-http.cjs`;

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
  const [{ code = '' } = {}] = codeBlocksOf('docs/staging-and-production.md');
  const imported = code.replace(/import (\{.*?\}) from ('.*?');/, 'const $1 = require($2);');
  return `${imported}\nrequire('./${APP}');`;
}
