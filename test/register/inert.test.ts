import { cpSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ROOT, runNode, startServer } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, titles } from '../support/registered-app.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const APP = [...REGISTER, `${APPS}/serves-late.cjs`];

test.each(['server', 'connections'])(
  'the environment that an application sets before it serves (%s) counts, from its first request on',
  async (HOW) => {
    const { inspector, env } = await matomo();
    const app = await startServer(APP, { env: { HOW, FROM_FILE: JSON.stringify(env) } });
    expect(Number(await get(`${app.url}/loaded`))).toBeLessThanOrEqual(5);
    await get(`${app.url}/second`);
    await app.stop();
    expect(titles(inspector)).toEqual(['GET /loaded', 'GET /second']);
    expect(app.stderr()).toBe('');
  },
);

test('a server that does not speak HTTP is none', async () => {
  const app = await startServer(APP, { env: { HOW: 'net' } });
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  expect(await text(socket)).toBe('no HTTP');
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(app.stderr()).toBe('');
});

test.each([
  ['process.exit(4)', { code: 4, signal: null }],
  [
    'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
    { code: null, signal: 'SIGTERM' },
  ],
])(
  'a process that never serves ends as it would, prints nothing of its own and has no handlers: %s',
  async (end, exit) => {
    const script = `
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    process.stdout.write(JSON.stringify([listeners().filter(([name]) => /SIG|xit/.test(String(name))), process._getActiveHandles().length > 3]));
    ${end}`;
    const env = { MATOMO_URL: 'no URL', MATOMO_ANONYMIZE_IP: 'yes', MATOMO_SIET_ID: '1' };
    const child = await runNode([...REGISTER, '-e', script], { env });
    const { stdout } = await runNode(['-e', script.replace(end, '')], { env });
    expect(child).toEqual({ ...exit, stdout, stderr: '' });
  },
);

test('if the tracker cannot be loaded, one line is logged and the application runs', async () => {
  const folder = temporaryFolder();
  const installed = join(folder, 'node_modules/opentelemetry-matomo');
  cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  rmSync(join(installed, 'dist/cjs/tracker/request-watch.js'));
  cpSync(join(ROOT, APPS, 'plain-http.cjs'), join(folder, 'app.cjs'));
  const app = await startServer([...REGISTER, 'app.cjs'], { cwd: folder });
  expect(await get(`${app.url}/a`)).toBe('ok');
  expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(app.stderr()).toMatch(/^opentelemetry-matomo: .* \[not-started\]\n$/s);
});
