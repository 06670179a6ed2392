import { get as request } from 'node:http';
import { expect, test } from 'vitest';
import { forRequest } from '../src/index.js';
import { runNode } from './support/child-process.js';
import { captureOutput } from './support/output.js';
import { APPS, get, matomo, REGISTER, startTracked, TRACED } from './support/registered-app.js';
import { startTracedService } from './support/traced-service.js';

// The first one: what has tracked in this process still counts calls that come after its shutdown.
test('without tracking forRequest does nothing and logs nothing', async () => {
  const output = captureOutput();
  const { annotate, ignore, measure, trackEvent } = forRequest({});
  annotate({ dimension1: 'x' });
  ignore();
  trackEvent('a', 'b');
  expect(measure('pf_srv', () => 5)).toBe(5);
  for (const invalid of [undefined, null, 1, 'text', () => 1])
    forRequest(invalid as never).ignore();
  expect(output).toEqual([]);
});

test.each([
  ['without tracing', []],
  ['with tracing', TRACED],
])(
  'forRequest finds the request of Node.js and of frameworks in another one’s async context, %s',
  async (_name, preload) => {
    const { inspector, app } = await startTracked(
      [...preload, ...REGISTER, `${APPS}/for-request.cjs`],
      { MATOMO_SCHEDULE_DELAY: '3600000' },
    );
    const urls: Record<string, string> = JSON.parse(app.stdout());
    const open = request(`${urls.node}/opens`);
    open.on('error', () => undefined);
    await new Promise((resolve) =>
      open.on('response', (response) => response.once('data', resolve)),
    );
    for (const [name, url] of Object.entries(urls)) {
      await get(`${url}/${name}`);
      await get(`${url}/${name}/ignored`);
    }
    await app.stop();
    open.destroy();
    const hits = inspector.hits().map(({ params }) => ({
      path: new URL(params.url ?? '').pathname,
      mark:
        params.dimension1 ??
        params.e_n ??
        params.ec_id ??
        params.search ??
        params.e_a ??
        params.idgoal,
      isTimed: params.pf_dm1 !== undefined,
    }));
    const at = (path: string) => hits.filter((hit) => hit.path === path);
    // Its response is open when the process ends, which makes a page view.
    expect(at('/opens')).toEqual([
      { path: '/opens', mark: undefined, isTimed: false },
      { path: '/opens', mark: 'by /opens', isTimed: false },
    ]);
    for (const name of Object.keys(urls)) {
      const [page, ...additional] = at(`/${name}`);
      expect(page).toEqual({ path: `/${name}`, mark: `/${name}`, isTimed: true });
      expect(additional.map(({ mark }) => mark)).toEqual([`/${name}`, '1', `/${name}`, `/${name}`]);
      expect(at(`/${name}/ignored`)).toHaveLength(4); // no page view
    }
    expect(app.stderr().trim().split('\n')).toEqual([
      expect.stringMatching(/forRequest.*\[parameter-invalid\]/),
    ]);
  },
);

test('forRequest acts after the end of the request as the async context does', async () => {
  const output = captureOutput();
  const late: (() => void)[] = [];
  const service = await startTracedService((request, response) => {
    const { annotate, trackEvent } = forRequest(request);
    late.push(() => {
      annotate({ dimension1: 'late' });
      trackEvent('Job', 'done');
    });
    response.end();
  });
  expect(await service.visit('/page')).toHaveLength(1);
  for (const call of late) call();
  const [page, event] = (await service.hits()).map(({ params }) => params);
  expect(event).toMatchObject({ e_c: 'Job', cid: page?.cid, url: page?.url });
  expect(page?.dimension1).toBeUndefined();
  expect(output.join('')).toMatch(/^[^\n]*annotate[^\n]*\[annotated-too-late\]\n$/);
});

test('forRequest does not keep the request in memory', async () => {
  const code = `
    const { createServer, get } = require('node:http');
    const { forRequest } = require('opentelemetry-matomo');
    const visits = [];
    const requests = [];
    const server = createServer((request, response) => {
      visits.push(forRequest(request));
      requests.push(new WeakRef(request));
      response.end();
    }).listen(0, '127.0.0.1', () => {
      get({ port: server.address().port, agent: false }).on('close', wait);
    });
    function wait() {
      gc();
      if (requests[0].deref()) return setTimeout(wait, 20);
      visits[0].trackEvent('Job', 'done');
      process.exit();
    }`;
  const { inspector, env } = await matomo();
  const { stderr } = await runNode(['--expose-gc', ...REGISTER, '--eval', code], { env });
  expect(stderr).toBe('');
  expect(inspector.hits().map(({ params }) => params.e_c)).toEqual([undefined, 'Job']);
});
