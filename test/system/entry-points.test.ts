import { expect, test } from 'vitest';
import { get, startRegistered } from '../support/registered-app.js';

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
