import { expect, test } from 'vitest';
import { get, startRegistered } from '../../support/registered-app.js';

/** Hono is an ES module that has loaded both builds of the package. */
test.each(['express.cjs', 'fastify.cjs', 'nest.cjs', 'hono.mjs'])(
  '%s under register: an order and an event at any depth join the visit of the page view',
  async (file) => {
    const { inspector, app } = await startRegistered(`further-hits/${file}`);
    await get(`${app.url}/users/A-1`);
    await app.stop();
    expect(app.stderr()).toBe('');
    const [page, ...further] = inspector.hits().map(({ params }) => params);
    const { cid, url, ua } = page ?? {};
    expect(page).toMatchObject({ pf_srv: expect.any(String) });
    expect(further).toMatchObject([
      { idgoal: '0', ec_id: 'A-1', revenue: '10', cid, url, ua },
      { e_c: 'deep', e_a: 'timer', cid, url, ua },
    ]);
    expect(inspector.hits().map(({ verdict }) => verdict)).toEqual(Array(3).fill('tracked'));
  },
);
