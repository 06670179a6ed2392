import { expect, test } from 'vitest';
import { runNode, startServer } from '../../support/child-process.js';
import { get, matomo, REGISTER } from '../../support/registered-app.js';

const APPS = 'test/support/apps/matomo-tracker';

test('the job of the page tracks without a request', async () => {
  const { inspector, env } = await matomo();
  const { code, stderr } = await runNode([`${APPS}/job.cjs`], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(inspector.hits().map(({ params }) => [params.uid, params.ec_id ?? params.e_a])).toEqual([
    ['ann', 'R-7'],
    ['ann', 'renewed'],
  ]);
});

test('a shop that is tracked only where it calls: product views and carts', async () => {
  const { inspector, env } = await matomo();
  const off = { MATOMO_PAGE_VIEWS: 'false', MATOMO_AI_CHATBOTS: 'off' };
  const app = await startServer([...REGISTER, `${APPS}/shop.cjs`], { env: { ...env, ...off } });
  for (const path of ['/', '/mug', '/cart']) await get(`${app.url}${path}`);
  await app.stop();
  const hits = inspector.hits().map(({ params, verdict }) => ({ ...params, verdict }));
  expect(hits).toMatchObject([
    { action_name: 'Mug', _pks: 'mug', _pkn: 'Mug', _pkc: 'Kitchen', _pkp: '9.5' },
    { idgoal: '0', revenue: '19', ec_items: '[["mug","Mug","Kitchen","9.50",2]]' },
  ]);
  expect(new Set(hits.map(({ verdict }) => verdict))).toEqual(new Set(['tracked']));
});
