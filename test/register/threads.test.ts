import { expect, test } from 'vitest';
import type { Inspector } from '../../src/inspector/index.js';
import { eventually, runNode } from '../support/child-process.js';
import { APPS, get, matomo, REGISTER, startTracked, titles } from '../support/registered-app.js';
import { linesIn } from '../support/spool.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const APP = `${APPS}/threads.cjs`;
/** Nothing is sent before the end. */
const AT_THE_END = { MATOMO_SCHEDULE_DELAY: '3600000' };

const events = (inspector: Inspector) =>
  inspector.hits().flatMap(({ params }) => (params.e_c ? [`${params.e_c} ${params.e_a}`] : []));

test.each([
  ['in a worker of a worker', REGISTER, { DEPTH: '2' }],
  ['with eval', REGISTER, { EVAL: '1' }],
])('%s, a server in a worker thread is tracked', async (_given, args, more) => {
  const { inspector, app } = await startTracked([...args, APP], {
    ...more,
    MATOMO_SCHEDULE_DELAY: '100',
  });
  for (const path of ['/first', '/tracked', '/ignored', '/last']) await get(app.url + path);
  await eventually(() => inspector.hits().length === 4);
  await app.stop();
  const pages = titles(inspector).filter((title) => title !== undefined);
  expect(pages).toEqual(['GET /first', 'Checkout', 'GET /last']);
  expect(events(inspector)).toEqual(['within /ignored']);
  expect(app.stderr()).toBe('');
});

test('with a spool, hits of a worker are stored while Matomo is unavailable', async () => {
  const spool = temporaryFolder();
  const env = { MATOMO_URL: 'http://127.0.0.1:9/', MATOMO_SPOOL: spool, ...AT_THE_END };
  const { app } = await startTracked([...REGISTER, APP], env);
  const stored = () => decodeURIComponent(linesIn(spool).join('\n'));
  await get(`${app.url}/a`);
  await eventually(() => stored().includes(`${app.url}/a`));
  await get(`${app.url}/exit`);
  await app.exit();
  expect(stored()).toContain(`${app.url}/exit`);
});

test('a worker without a server sends what names its visitor', async () => {
  const { inspector, env } = await matomo();
  const { stderr } = await runNode([...REGISTER, APP], { env: { ...env, JOB: '1' } });
  expect(events(inspector)).toEqual(['job done']);
  expect(stderr).toMatch(/uid.*cid.*\[parameter-invalid\]/);
});

const IN_CODE = { doNotTrack: true, siteId: 1 };
const OTHERS = '{"siteId":1,"url":"http://127.0.0.1:9/"}';

test.each([
  ['another privacy option', { WORKER_OPTIONS: '{"anonymizeIp":2}' }, []],
  ['that option in its own code', { WORKER_OPTIONS: JSON.stringify(IN_CODE) }, ['GET /b']],
  ['that option in an environment of its own', { WORKER_DNT: 'true' }, ['GET /b']],
  [
    'that option in the environment of both',
    { OPTIONS: OTHERS, MATOMO_DO_NOT_TRACK: 'true' },
    ['GET /b'],
  ],
])(
  'if the main thread has options in code, a worker with %s discloses nothing',
  async (_what, more, tracked) => {
    const { inspector, app } = await startTracked([...REGISTER, APP], {
      ...{ ...AT_THE_END, OPTIONS: JSON.stringify(IN_CODE) },
      ...more,
    });
    await (await fetch(`${app.url}/a`, { headers: { dnt: '1', connection: 'close' } })).text();
    await get(`${app.url}/b`);
    await get(`${app.url}/close`);
    await app.exit();
    expect(titles(inspector)).toEqual([...tracked, ...(tracked.length > 0 ? ['GET /close'] : [])]);
    const logged = app.stderr().match(/\(doNotTrack\).*\[worker-without-options\]/g) ?? [];
    expect(logged).toHaveLength(tracked.length > 0 ? 0 : 1);
  },
);
