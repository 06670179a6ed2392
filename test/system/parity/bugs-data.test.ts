// Bugs 13 to 16 of README.md: what an application says reaches Matomo, as its own.
import type { RequestListener } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, MatomoSpanProcessor, measure } from '../../../src/index.js';
import { captureOutput } from '../../support/output.js';
import { storedAt } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';

const ok: RequestListener = (_request, response) => void response.end();

test('bug 13: both documented ways to override work, an event is one, and half an event is said and left out', async () => {
  const output = captureOutput();
  const acts: Record<string, () => void> = {
    '/track': () => annotate({ action_name: 'Tracked', dimension3: 'pro' }),
    '/span': () => trace.getActiveSpan()?.setAttribute('matomo.action_name', 'From the span'),
    '/event': () => annotate({ e_c: 'shop', e_a: 'buy', e_n: 'book', e_v: 12.5 }),
    '/half': () => annotate({ e_a: 'buy', e_n: 'book' }),
    '/wrong': () => annotate({ actionname: 'x' } as never),
  };
  const service = await startTracedService((request, response) => {
    acts[request.url ?? '']?.();
    response.end();
  });
  for (const path of Object.keys(acts)) await service.fetch(path);
  await service.requests(5);
  const hits = await service.hits();
  expect(storedAt(hits, '/track')).toMatchObject({ title: 'Tracked', custom_dimension_3: 'pro' });
  expect(storedAt(hits, '/span')).toMatchObject({ title: 'From the span' });
  expect(storedAt(hits, '/event')).toMatchObject({
    type: 'event',
    event_category: 'shop',
    event_action: 'buy',
    event_name: 'book',
    custom_float: 12.5,
  });
  expect(storedAt(hits, '/half')).toMatchObject({ type: 'page', title: 'GET /half' });
  const half = hits.find(({ stored }) => stored?.title === 'GET /half');
  expect(Object.keys(half?.params ?? {}).filter((name) => name.startsWith('e_'))).toEqual([]);
  expect(storedAt(hits, '/wrong')).toMatchObject({ title: 'GET /wrong' });
  expect(output.join('')).toMatch(/e_c and e_a.*\[parameter-invalid\]/);
  expect(output.join('')).toContain('did you mean "action_name"?');
});

test('bug 14: timings are whole milliseconds, the request’s and those of its parts', async () => {
  const service = await startTracedService(async (_request, response) => {
    await measure('pf_dm1', () => wait(120));
    const span = trace.getTracer('test').startSpan('part');
    await wait(50);
    span.setAttribute('matomo.perf_key', 'pf_dm2').end();
    response.end();
  });
  await service.fetch('/');
  await service.requests(1);
  const [hit] = await service.hits();
  const { time_server, time_dom_processing, time_dom_completion } = hit?.stored ?? {};
  for (const [time, least] of [
    [Number(time_server) + Number(time_dom_processing) + Number(time_dom_completion), 168],
    [time_dom_processing, 119],
    [time_dom_completion, 49],
  ] as const) {
    expect(time).toBeGreaterThanOrEqual(least);
    expect(time).toBeLessThan(20_000); // in microseconds it would be more
  }
  const { gt_ms, pf_srv, pf_dm1, pf_dm2 } = hit?.params ?? {};
  expect(Number(pf_srv) + Number(pf_dm1) + Number(pf_dm2)).toBe(Number(gt_ms));
  expect([gt_ms, pf_srv, pf_dm1, pf_dm2].filter((time) => !/^\d+$/.test(String(time)))).toEqual([]);
});

test('bug 15: custom variables have the numbered shape that Matomo stores, status and method first', async () => {
  const service = await startTracedService(
    (_request, response) => {
      annotate({ cvar: { 'plan "a"': 'pro & co', beta: true, count: 3, none: '' } });
      response.writeHead(418).end();
    },
    { maxCustomVariables: 5 },
  );
  await service.fetch('/', { method: 'DELETE' });
  await service.requests(1);
  const [hit] = await service.hits();
  const variables = Object.entries(hit?.stored ?? {}).filter(([name]) =>
    name.startsWith('custom_'),
  );
  expect(Object.fromEntries(variables)).toEqual({
    custom_var_k1: 'http_status_code',
    custom_var_v1: '418',
    custom_var_k2: 'http_method',
    custom_var_v2: 'DELETE',
    custom_var_k3: 'plan "a"',
    custom_var_v3: 'pro & co',
    custom_var_k4: 'beta',
    custom_var_v4: 'true',
    custom_var_k5: 'count',
    custom_var_v5: '3',
  });
});

test('bug 16: no value of one request’s hit reaches another’s, and none the configuration', async () => {
  const details = { '/shared': { action_name: 'Shared', cvar: { area: 'shop' } } };
  const service = await startTracedService(
    async (request, response) => {
      const user = String(request.headers['x-user']);
      if (user !== 'nobody') {
        annotate({ cvar: { user, [`only_${user}`]: 1 }, dimension1: user });
        await wait(Number(user.slice(1)) % 7);
        trace.getActiveSpan()?.setAttributes({ 'matomo.dimension2': user, 'matomo.uid': user });
        annotate({ action_name: `Page of ${user}` });
        await measure('pf_dm1', () => wait(1));
      }
      response.end();
    },
    { routeDetails: details },
  );
  const before = structuredClone(details);
  const users = Array.from({ length: 60 }, (_, i) => (i % 3 === 2 ? 'nobody' : `u${i}`));
  await Promise.all(
    users.map((user, i) =>
      service.fetch(`/shared?n=${i}`, { headers: { 'x-user': user, 'user-agent': user } }),
    ),
  );
  await service.requests(60);
  expect(details).toEqual(before);
  details['/shared'].cvar.area = 'changed later';
  details['/shared'].action_name = 'changed later';
  const hits = await service.hits();
  expect(hits).toHaveLength(60);
  for (const [i, user] of users.entries()) {
    const own = user !== 'nobody';
    const hit = hits.find(({ stored }) => stored?.url?.endsWith(`/shared?n=${i}`));
    expect(hit?.stored).toMatchObject({
      title: own ? `Page of ${user}` : 'Shared',
      custom_var_k1: 'http_status_code',
      custom_var_k2: 'http_method',
      custom_var_v2: 'GET',
      custom_var_k3: 'area',
      custom_var_v3: 'shop',
    });
    expect([hit?.params.ua, hit?.params.uid]).toEqual([user, own ? user : undefined]);
    const stored = hit?.stored;
    expect([stored?.custom_dimension_1, stored?.custom_dimension_2, stored?.custom_var_v4]).toEqual(
      Array(3).fill(own ? user : undefined),
    );
    expect(stored?.custom_var_k5).toBe(own ? `only_${user}` : undefined);
    expect(stored?.time_dom_processing === undefined).toBe(!own);
  }
});

test('bug 16, text for custom variables: it is refused in the configuration and left out of a hit', async () => {
  captureOutput();
  const cvar = '{"1":["plan","pro"]}' as never;
  const service = await startTracedService((_request, response) => {
    annotate({ cvar, dimension1: 'kept' });
    response.end();
  });
  await service.fetch('/');
  await service.requests(1);
  const [hit] = await service.hits();
  expect.soft(hit?.stored).toMatchObject({ custom_dimension_1: 'kept', custom_var_v2: 'GET' });
  expect.soft(hit?.stored).not.toHaveProperty('custom_var_k3');
  const options = { url: 'http://x', siteId: 1, routeDetails: { '/a': { cvar } } };
  expect(() => new MatomoSpanProcessor(options)).toThrow(/routeDetails.*cvar/);
});

test('bug 16, the configuration: lists and objects that change after the start change nothing', async () => {
  const lists = { ignorePaths: ['/never'], ignoredMethods: ['DELETE'], allowedMethods: ['GET'] };
  const dimensions = { 1: 'http.request.method' };
  const service = await startTracedService(ok, { ...lists, dimensions });
  lists.ignorePaths.push('/a');
  lists.ignoredMethods.push('GET');
  lists.allowedMethods.length = 0;
  dimensions[1] = 'url.path';
  await service.fetch('/a');
  await service.requests(1);
  expect((await service.hits())[0]?.stored).toMatchObject({
    title: 'GET /a',
    custom_dimension_1: 'GET',
  });
});
