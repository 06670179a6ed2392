import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, ROOT, startServer } from '../support/child-process.js';
import { npm, packPackage } from '../support/installed-app.js';
import { APPS, get, matomo, REGISTER, titles } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Before it is said that nothing is tracked. */
const REQUESTS_TO_JUDGE = 100;

const SERVE = `
const server = require('node:http').createServer((request, response) => response.end('ok'));
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));
`;
test('where the OpenTelemetry API is not installed, register and start track, and what needs it names it', async () => {
  const cwd = temporaryFolder();
  await npm(cwd, ['init', '--yes']);
  await npm(cwd, ['install', '--ignore-scripts', await packPackage()]);
  const installed = readdirSync(join(cwd, 'node_modules')).filter((name) => !/^\./.test(name));
  expect(installed).toEqual(['opentelemetry-matomo']);
  const { inspector, env } = await matomo();
  cpSync(join(ROOT, APPS, 'plain-http.cjs'), join(cwd, 'plain-http.cjs'));
  writeFileSync(
    join(cwd, 'starts.cjs'),
    `require('opentelemetry-matomo').start({ titlePaths: 'raw' });${SERVE}`,
  );
  writeFileSync(
    join(cwd, 'starts.mjs'),
    `import { createRequire } from 'node:module';
    import { start } from 'opentelemetry-matomo';
    const require = createRequire(import.meta.url);
    start({ titlePaths: 'raw' });${SERVE}`,
  );
  const ways = [[...REGISTER, 'plain-http.cjs'], ['starts.cjs'], ['starts.mjs']];
  for (const [index, args] of ways.entries()) {
    const app = await startServer(args, { cwd, env });
    await get(`${app.url}/${index}/x`);
    await app.stop();
    expect(app.stderr(), args.join(' ')).toBe('');
  }
  expect(titles(inspector)).toEqual(['GET /:id/x', 'GET /1/x', 'GET /2/x']);

  const needs = [
    ['MatomoSpanProcessor', 'nothing-tracked', 'new MatomoSpanProcessor()'],
    ['meterProvider', 'api-missing', "start({ meterProvider: 'global' })"],
  ] as const;
  for (const [name, code, call] of needs) {
    const script = `const { MatomoSpanProcessor, start } = require('opentelemetry-matomo');${call};${SERVE}`;
    const app = await startServer(['-e', script], { cwd, env });
    for (let sent = 0; sent < REQUESTS_TO_JUDGE; sent += 1) await get(`${app.url}/a`);
    await eventually(() => app.stderr() !== '');
    await app.stop();
    expect(app.stderr(), name).toMatch(new RegExp(`^opentelemetry-matomo: .* \\[${code}\\]\n$`));
    expect(app.stderr()).toContain(name);
    if (code === 'api-missing') expect(app.stderr()).toContain('npm install @opentelemetry/api');
  }
});
