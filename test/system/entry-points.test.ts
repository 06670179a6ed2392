import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { ROOT, runNode, startServer } from '../support/child-process.js';
import { APPS, get, matomo, titles } from '../support/registered-app.js';

const LOADERS = {
  'by require': (name: string) => ['-e', `run(require('${name}'))`],
  'by import': (name: string) => [
    '--input-type=module',
    '-e',
    `import * as entry from '${name}'; run(entry)`,
  ],
};
const ENTRIES = [
  'opentelemetry-matomo',
  'opentelemetry-matomo/testing',
  'opentelemetry-matomo/gateway',
];

async function run(args: string[], body: string) {
  const [last = '', ...first] = args.reverse();
  const { stdout, stderr, code } = await runNode([
    ...first.reverse(),
    `async function run(entry) { ${body} }; ${last}`,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test.each(ENTRIES)('%s exports the same by require and by import', async (name) => {
  const [required, imported] = await Promise.all(
    Object.values(LOADERS).map((load) =>
      run(
        load(name),
        'console.log(JSON.stringify(Object.keys(entry).filter((key) => key !== "default").sort()))',
      ),
    ),
  );
  expect(required).toEqual(imported);
  expect(required.length).toBeGreaterThan(0);
});

test.each(Object.entries(LOADERS))(
  'the inspector, loaded %s, takes a hit and shows its page',
  async (_how, load) => {
    const answers = await run(
      load('opentelemetry-matomo/testing'),
      `const inspector = await entry.startInspector();
    const page = await fetch(inspector.url);
    const script = await fetch(inspector.url + '/page/main.js');
    await (await fetch(inspector.url + '/matomo.php?idsite=1&rec=1&url=http://a.example/')).text();
    console.log(JSON.stringify([page.status, await page.text(), script.status, inspector.hits().length]));
    await inspector.close();`,
    );
    expect(answers).toEqual([200, expect.stringContaining('<!doctype html>'), 200, 1]);
  },
);

test.each(Object.entries(LOADERS))(
  'the gateway, loaded %s, starts and stops',
  async (_how, load) => {
    const status = await run(
      load('opentelemetry-matomo/gateway'),
      `const gateway = await entry.createGateway({ url: 'http://127.0.0.1:9', siteId: 1, listen: '127.0.0.1:0' });
    const { status } = await fetch(gateway.url + '/v1/traces', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
    console.log(status);
    await gateway.close();`,
    );
    expect(status).toBe(200);
  },
);

test('every entry point has a build for each way to load it', () => {
  for (const [name, entry] of Object.entries(packageJson.exports)) {
    if (typeof entry === 'string') continue;
    expect(Object.keys(entry), name).toEqual(
      name === './register' ? ['module', 'default'] : ['module', 'import', 'require'],
    );
  }
});

test('register is found by an absolute path, from a folder without this package', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer(
    ['--require', join(ROOT, 'register'), join(ROOT, APPS, 'plain-http.cjs')],
    {
      cwd: tmpdir(),
      env,
    },
  );
  await get(`${app.url}/a`);
  await app.stop();
  expect(titles(inspector)).toEqual(['GET /a']);
  expect(app.stderr()).toBe('');
});
