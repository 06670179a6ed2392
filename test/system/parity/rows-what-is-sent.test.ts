// Rows 10 to 16 of README.md: what a hit says about its request.
import type { RequestListener } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import { expect, test } from 'vitest';
import { rawRequest, sendRaw } from '../../support/raw-request.js';
import { sorted } from '../../support/sorted.js';
import { storedAt, storedTitles } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end();

function createUsers(): express.Express {
  const app = express();
  app.all('/users/:id', (_request, response) => void response.end());
  app.get('/about', (_request, response) => void response.end());
  app.get('/lost', (_request, response) => void response.status(404).end());
  return app;
}

test('row 10: route details are merged over the defaults; the strongest key alone counts', async () => {
  const service = await startTracedService(createUsers, {
    staticFiles: 'track',
    routeDetails: {
      '/users/7': { action_name: 'Seven', dimension1: 'weaker than its route' },
      '/users/:id': { action_name: 'Users', dimension2: 'any method' },
      'GET /users/:id': { action_name: 'A user', cvar: { area: 'people' }, idsite: 4 },
      '/static/x.js': { action_name: 'A file' },
      'POST /static/x.js': { action_name: 'A file sent', e_c: 'upload', e_a: 'done' },
    },
  });
  for (const path of ['/users/7?get=1', '/static/x.js?get=1']) await service.fetch(path);
  for (const path of ['/users/7', '/static/x.js']) await service.fetch(path, { method: 'POST' });
  await service.requests(4);
  const hits = await service.hits();
  expect(storedAt(hits, '/users/7?get=1')).toMatchObject({
    title: 'A user',
    idsite: 4,
    custom_var_v1: '200',
    custom_var_v2: 'GET',
    custom_var_k3: 'area',
    custom_var_v3: 'people',
  });
  expect(storedAt(hits, '/users/7?get=1')).not.toHaveProperty('custom_dimension_1');
  expect(storedAt(hits, '/users/7?get=1')).not.toHaveProperty('custom_dimension_2');
  expect(storedAt(hits, '/users/7')).toMatchObject({
    title: 'Users',
    idsite: 1,
    custom_dimension_2: 'any method',
  });
  expect(storedAt(hits, '/static/x.js?get=1')).toMatchObject({ type: 'page', title: 'A file' });
  expect(storedAt(hits, '/static/x.js')).toMatchObject({
    type: 'event',
    event_category: 'upload',
    event_action: 'done',
  });
});

test('row 11: the title is the route, else Not Found for a 404, else the path', async () => {
  const service = await startVariants(createUsers, {
    byDefault: {},
    template: { actionName: '{route} [{status}]' },
    asked: { actionName: ({ path }) => (path === '/about' ? 'About us' : undefined) },
  });
  for (const path of ['/users/7', '/about', '/none/1', '/lost']) await service.fetch(path);
  expect(storedTitles(await service.of.byDefault.hitsOf(4))).toEqual([
    'GET /about',
    'GET /lost',
    'GET /users/:id',
    'GET Not Found',
  ]);
  expect(storedTitles(await service.of.template.hitsOf(4))).toEqual([
    '/about [200]',
    '/lost [404]',
    '/users/:id [200]',
    'Not Found [404]',
  ]);
  expect(storedTitles(await service.of.asked.hitsOf(4))).toEqual([
    'About us',
    'GET /lost',
    'GET /users/:id',
    'GET Not Found',
  ]);
});

test('row 11, without a framework: what was answered has its path without IDs as title', async () => {
  const service = await startTracedService(ok);
  await service.fetch('/users/7?x=1');
  await service.requests(1);
  expect((await service.hits())[0]?.stored?.title).toBe('GET /users/:id');
});

test('row 12: ua is the client’s own user agent, and a bot is tracked like anybody', async () => {
  const service = await startTracedService(ok);
  const agents = ['curl/8.5.0', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://x/bot.html)'];
  for (const agent of agents) await service.fetch('/', { headers: { 'user-agent': agent } });
  await service.requests(2);
  const hits = await service.hits();
  expect(sorted(hits.map(({ params }) => params.ua))).toEqual(sorted(agents));
  expect(hits.map(({ verdict }) => verdict)).toEqual(['tracked', 'tracked']);
});

test('row 13: lang is the client’s Accept-Language, whole, and absent where there is none', async () => {
  const service = await startTracedService(ok);
  const language = 'sv-SE, sv;q=0.9, en;q=0.5';
  await sendRaw(service, rawRequest('/a', [`ACCEPT-language: ${language}`]));
  await sendRaw(service, rawRequest('/b'));
  await service.requests(2);
  const languages = (await service.hits()).map(({ stored, params }) => [
    stored?.title,
    params.lang,
  ]);
  expect(Object.fromEntries(languages)).toEqual({ 'GET /a': language, 'GET /b': undefined });
});

test('row 14: urlref is the client’s Referer, and absent where there is none', async () => {
  const service = await startTracedService(ok);
  const referrer = 'https://search.example/find?q=red+shoes&page=2';
  await service.fetch('/a', { headers: { referer: referrer } });
  await service.fetch('/b');
  await service.requests(2);
  const referrers = (await service.hits()).map(({ stored, params }) => [
    stored?.title,
    params.urlref,
  ]);
  expect(Object.fromEntries(referrers)).toEqual({ 'GET /a': referrer, 'GET /b': undefined });
});

test('row 15: status and method are stored, as custom variables and as dimensions', async () => {
  const service = await startTracedService(
    (request, response) => void response.writeHead(Number(request.url?.slice(1))).end(),
    { dimensions: { 1: 'http.request.method', 5: 'http.response.status_code' } },
  );
  const answers = [
    ['GET', '200'],
    ['POST', '201'],
    ['PATCH', '304'],
    ['DELETE', '404'],
    ['PUT', '503'],
  ] as const;
  for (const [method, status] of answers) await service.fetch(`/${status}`, { method });
  await service.requests(5);
  const hits = await service.hits();
  for (const [method, status] of answers) {
    expect(storedAt(hits, `/${status}`)).toMatchObject({
      custom_var_k1: 'http_status_code',
      custom_var_v1: status,
      custom_var_k2: 'http_method',
      custom_var_v2: method,
      custom_dimension_1: method,
      custom_dimension_5: status,
    });
  }
});

test('row 16: the duration of a request is its server time', async () => {
  let longestFast = 0;
  const service = await startTracedService(async (request, response) => {
    if (request.url === '/slow') await wait(300 + longestFast);
    response.end();
  });
  const start = performance.now();
  await service.fetch('/fast');
  longestFast = performance.now() - start;
  await service.fetch('/slow');
  await service.requests(2);
  const hits = await service.hits();
  const times = ['/slow', '/fast'].map((path) => storedAt(hits, path)?.time_server ?? -1);
  const [slow = -1, fast = -1] = times;
  expect(slow).toBeGreaterThanOrEqual(299);
  expect(slow).toBeLessThan(100_000);
  expect(fast).toBeGreaterThanOrEqual(0);
  expect(slow).toBeGreaterThan(fast);
  expect(hits.map(({ params }) => params.gt_ms)).toEqual(hits.map(({ params }) => params.pf_srv));
});
