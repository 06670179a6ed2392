import { expect, test } from 'vitest';
import { runNode } from '../support/child-process.js';
import { get, startRegistered } from '../support/registered-app.js';

const LOADERS = {
  'by require': (name: string) => ['-e', `run(require('${name}'))`],
  'by import': (name: string) => [
    '--input-type=module',
    '-e',
    `import * as entry from '${name}'; run(entry)`,
  ],
};

/** What runs with an entry, and what it prints. That of the package itself: package.test.ts. */
const ENTRIES: readonly (readonly [name: string, body: string, printed: unknown])[] = [
  [
    'opentelemetry-matomo/testing',
    `const inspector = await entry.startInspector();
    const page = await fetch(inspector.url);
    const script = await fetch(inspector.url + '/page/main.js');
    await (await fetch(inspector.url + '/matomo.php?idsite=1&rec=1&url=http://a.example/')).text();
    print([page.status, await page.text(), script.status, inspector.hits().length]);
    await inspector.close();`,
    [200, expect.stringContaining('<!doctype html>'), 200, 1],
  ],
  [
    'opentelemetry-matomo/gateway',
    `const gateway = await entry.createGateway({ url: 'http://127.0.0.1:9', siteId: 1, listen: '127.0.0.1:0' });
    const headers = { 'Content-Type': 'application/json' };
    print((await fetch(gateway.url + '/v1/traces', { method: 'POST', headers, body: '{}' })).status);
    await gateway.close();`,
    200,
  ],
];

test.each(ENTRIES)(
  '%s works by require and by import, with the same exports',
  async (name, body, expected) => {
    const program = `const print = (value) => console.log(JSON.stringify(value));
      async function run(entry) {
        print(Object.keys(entry).filter((key) => key !== 'default').sort());
        ${body}
      }`;
    const outputs = Object.values(LOADERS).map(async (load) => {
      const [code = '', ...flags] = load(name).reverse();
      const { stdout, ...ended } = await runNode([...flags.reverse(), `${program}\n${code}`]);
      expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    });
    const [required, imported] = await Promise.all(outputs);
    expect(required).toEqual([expect.arrayContaining([expect.any(String)]), expected]);
    expect(imported?.[0]).toEqual(required?.[0]);
    expect(imported?.[1]).toEqual(expected);
  },
);

test('an order by import and an event by require, in one request of Hono, join the visit of the page view', async () => {
  const { inspector, app } = await startRegistered('both-builds.mjs');
  await get(`${app.url}/users/A-1`);
  await app.stop();
  expect(app.stderr()).toBe('');
  const [page, ...additional] = inspector.hits().map(({ params }) => params);
  const { cid, url, ua } = page ?? {};
  expect(page).toMatchObject({ pf_srv: expect.any(String) });
  expect(additional).toMatchObject([
    { idgoal: '0', ec_id: 'A-1', revenue: '10', cid, url, ua },
    { e_c: 'deep', e_a: 'timer', cid, url, ua },
  ]);
  expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(Array(3).fill('tracked'));
});
