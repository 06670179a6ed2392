import { expect, test } from 'vitest';
import { startServer } from '../../support/child-process.js';
import { APPS, get, matomo, REGISTER } from '../../support/registered-app.js';
import { codeBlocksOf } from './pages.js';

const APP = `${APPS}/plain-http.cjs`;
const SILENT = { MATOMO_ENABLED: 'false' };

test.each([
  ['with MATOMO_ENABLED=false', [...REGISTER, APP], SILENT, /^$/],
  ['without a URL', [...REGISTER, APP], {}, /\[options-missing\]\n$/],
  ['without a URL, with the condition in code', ['--eval', inCode()], {}, /^$/],
])('%s, the application runs', async (_, args, env, log) => {
  const app = await startServer(args, { env });
  await get(`${app.url}/stop`);
  expect(await app.exit()).toEqual({ code: 0, signal: null });
  expect(app.stderr()).toMatch(log);
});

test('with a URL, the condition in code tracks', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer(['--eval', inCode()], { env });
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
