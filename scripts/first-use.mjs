// `npm run first-use`: does what a new user does, with the package as npm would publish it, and prints how long each step
// takes. The exit code is 1 if the hit is missing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../tools/matrix/children.mjs';
import { npm } from '../tools/matrix/npm.mjs';
import { packPackage, removePackage } from '../tools/matrix/package.mjs';
import { readUrl } from '../tools/matrix/run-app.mjs';
import { setUp } from './setup.mjs';

const DEADLINE_MILLIS = 60_000;
const APP = `const express = require('express');

const app = express();

app.get('/users/:id', (request, response) => {
  response.json({ id: request.params.id });
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(\`http://127.0.0.1:\${server.address().port}\`);
});

process.once('SIGTERM', () => server.close());
`;

const say = (text) => console.log(text);

if (!(await setUp(say))) process.exit(1);
// Not at the top: `setUp` has just built it.
const { startInspector } = await import('opentelemetry-matomo/testing');

const folder = mkdtempSync(join(tmpdir(), 'opentelemetry-matomo-first-use-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const inspector = await startInspector();
const npmPackage = await timed('npm pack', packPackage);
try {
  await timed('npm install', () => install(npmPackage));
  writeFileSync(join(folder, 'app.js'), APP);
  const app = await timed('start', startApp);
  await timed('request', () => fetch(`${app.url}/users/7`));
  await timed('hit and end', app.stop);
} finally {
  removePackage(npmPackage);
  await inspector.close();
}

const stored = inspector.hits().map((hit) => hit.stored);
say(JSON.stringify(stored, undefined, 2));
process.exitCode = stored.length === 1 && stored[0]?.title === 'GET /users/:id' ? 0 : 1;

/** As the README says: without any OpenTelemetry package. */
async function install({ tarball }) {
  await npm(folder, ['init', '--yes']);
  await npm(folder, ['install', tarball, 'express']);
}

async function startApp() {
  const args = ['--import', 'opentelemetry-matomo/register', 'app.js'];
  const env = { ...process.env, MATOMO_URL: inspector.url, MATOMO_SITE_ID: '1' };
  const { child, output, ended } = startChild(process.execPath, args, {
    cwd: folder,
    deadlineMillis: DEADLINE_MILLIS,
    env,
  });
  const url = await readUrl(output, ended);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      if (output.stderr !== '') say(output.stderr);
    },
  };
}

async function timed(name, step) {
  const start = performance.now();
  const result = await step();
  const seconds = (performance.now() - start) / 1000;
  say(`${name.padEnd(11)} ${seconds.toFixed(1).padStart(5)} s`);
  return result;
}
