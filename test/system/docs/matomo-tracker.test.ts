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
    const { uid, idgoal, revenue, ec_id, ec_items } = params;
    const { type, title, event_category, event_action, event_name, custom_float } = stored ?? {};
    const what = type === 'download' ? stored?.url : undefined;
    const event = { event_category, event_action, event_name, custom_float };
    return { verdict, uid, idgoal, revenue, ec_id, ec_items, type, title, event, what };
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
