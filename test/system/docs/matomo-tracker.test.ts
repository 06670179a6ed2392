import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Inspector } from '../../../src/inspector/index.js';
import { runNode, startServer } from '../../support/child-process.js';
import { matomo, REGISTER } from '../../support/registered-app.js';

const APPS = 'test/support/apps/matomo-tracker';

/** As a person, whose user agent is no bot's. */
async function call(url: string): Promise<string> {
  const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0' };
  return (await fetch(url, { headers: { ...headers, connection: 'close' } })).text();
}

/** What Matomo has of each hit, apart from times, titles and what depends on the sender. */
function storedBy(inspector: Inspector) {
  return inspector.hits().map(({ verdict, params, stored }) => {
    const { uid, idgoal, revenue, ec_id, ec_items, e_c, e_a, e_n, e_v, download } = params;
    const { type, title } = stored ?? {};
    const event = { e_c, e_a, e_n, e_v };
    return { verdict, uid, idgoal, revenue, ec_id, ec_items, type, title, event, download };
  });
}

test('the service before and after the change has the same page view, event, goal, order and download in Matomo', async () => {
  const before = await matomo();
  const old = await startServer([`${APPS}/before.cjs`], { env: before.env });
  expect(JSON.parse(await call(`${old.url}/checkout`))).toMatchObject({ tracked: 4 });
  await old.stop();
  expect(old.stderr()).toBe('');

  const after = await matomo();
  const app = await startServer([...REGISTER, `${APPS}/after.cjs`], { env: after.env });
  await call(`${app.url}/checkout`);
  await app.stop();
  expect(app.stderr()).toBe('');
  const byKind = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
  const stored = storedBy(after.inspector);
  expect(stored).toHaveLength(5);
  expect([...stored].sort(byKind)).toEqual(storedBy(before.inspector).sort(byKind));
});

test('the job of the page tracks without a request', async () => {
  const { inspector, env } = await matomo();
  const { code, stderr } = await runNode([`${APPS}/job.cjs`], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(inspector.hits().map(({ params }) => [params.uid, params.ec_id ?? params.e_a])).toEqual([
    ['ann', 'R-7'],
    ['ann', 'renewed'],
  ]);
});

test.each(['2026-11-20 10:00:00', '2026-11-20T10:00:00Z', '1795168800000'])(
  'the import of the page stores hits at their time: %s',
  async (TIME) => {
    const { inspector, env } = await matomo();
    const given = { ...env, MATOMO_TOKEN_AUTH: 'a-token', TIME };
    const { code, stdout } = await runNode([`${APPS}/import.cjs`], { env: given });
    expect(code).toBe(0);
    expect(stdout).toContain('tracked: 2');
    const at = { uid: 'ann', cip: '203.0.113.7', cdt: '1795168800' };
    expect(inspector.hits().map(({ params }) => params)).toMatchObject([
      { url: 'https://shop.example/old', ...at },
      { url: 'https://shop.example/older', ...at },
    ]);
  },
);

test('a shop that is tracked only where it calls: product views and carts', async () => {
  const { inspector, env } = await matomo();
  const off = { MATOMO_PAGE_VIEWS: 'false', MATOMO_AI_CHATBOTS: 'off' };
  const app = await startServer([...REGISTER, `${APPS}/shop.cjs`], { env: { ...env, ...off } });
  for (const path of ['/', '/mug', '/cart']) await call(`${app.url}${path}`);
  await app.stop();
  const hits = inspector.hits().map(({ params, verdict }) => ({ ...params, verdict }));
  expect(hits).toMatchObject([
    { action_name: 'Mug', _pks: 'mug', _pkn: 'Mug', _pkc: 'Kitchen', _pkp: '9.5' },
    { idgoal: '0', revenue: '19', ec_items: '[["mug","Mug","Kitchen","9.50",2]]' },
  ]);
  expect(new Set(hits.map(({ verdict }) => verdict))).toEqual(new Set(['tracked']));
});

const ANALYTICS = 'test/support/apps/google-analytics';

test('what an application did with Google Analytics or PostHog', async () => {
  const { inspector, env } = await matomo();
  const app = await startServer([...REGISTER, `${ANALYTICS}/app.cjs`], { env });
  await call(`${app.url}/sign-up`);
  await call(`${app.url}/pay`);
  await app.stop();
  expect(app.stderr()).not.toContain('[parameter-invalid]');
  const hits = inspector.hits().map(({ params }) => params);
  const user = hits.filter(({ uid }) => uid === 'u-17');
  expect(user).toMatchObject([
    { action_name: 'GET /sign-up', dimension5: 'pro' },
    { e_c: 'Account', e_a: 'signed up', e_n: 'pro' },
    { idgoal: '2' },
  ]);
  const order = hits.find(({ ec_id }) => ec_id !== undefined);
  expect(order).toMatchObject({ ec_id: 'T-1', revenue: '20', ec_tx: '3.19' });
  expect(JSON.parse(order?.ec_items ?? '')).toEqual([['mug', 'Mug', 'Kitchen', 10, 2]]);
});

test('a job names a visitor by a client ID or a UUID', async () => {
  const { inspector, env } = await matomo();
  const { code, stderr } = await runNode([...REGISTER, `${ANALYTICS}/job.cjs`], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const hits = inspector.hits().map(({ params }) => params);
  expect(hits.map(({ uid, e_n, cid }) => [uid, e_n, cid])).toEqual(
    expect.arrayContaining([
      [undefined, 'pro', idOf('123456789.1234567890')],
      ['u-17', 'pro', idOf('3f2504e04f8941d39a0c0305e82c3301')],
    ]),
  );
  expect(hits).toHaveLength(2);
});

/** As the page about Google Analytics describes it. */
function idOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
