// Bug 9 of README.md: paths as titles, and paths that are not the client's.
import express from 'express';
import { expect, test } from 'vitest';
import { annotate, ignore } from '../../../src/index.js';
import { rawRequest, sendRaw, statusOf } from '../../support/raw-request.js';
import { storedAt, storedTitles } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';

test('bug 9: titles are as few as routes, and the URL keeps the path as it was encoded', async () => {
  const service = await startTracedService(
    () => {
      const app = express();
      app.get('/users/:id', (_request, response) => void response.end());
      app.get('/files/:name', (_request, response) => void response.end());
      return app;
    },
    { routeDetails: { '/users/:id': { dimension1: 'people' } } },
  );
  for (let i = 0; i < 20; i++) {
    await service.fetch(`/users/${i}`);
    await service.fetch(`/wp-login-${i}.php`);
  }
  const encoded = '/files/a%2Fb%20c%C3%A5%3Fd';
  await service.fetch(encoded);
  await service.requests(41);
  const hits = await service.hits();
  expect([...new Set(storedTitles(hits))]).toEqual([
    'GET /files/:name',
    'GET /users/:id',
    'GET Not Found',
  ]);
  expect(storedAt(hits, encoded)).toMatchObject({ title: 'GET /files/:name' });
  const people = hits.filter(({ stored }) => stored?.custom_dimension_1 === 'people');
  expect(people).toHaveLength(20);
});

// A parser of URLs, such as that of the instrumentation, gives all of these another path.
const REWRITTEN = [
  '/a/../dots',
  '/./dot',
  '/%2e%2e/encoded-dots',
  '/{braces}',
  '/"quotes"',
  '/<angles>',
  '/back\\slash',
  '/`ticks`',
  '/hash#tag',
  'http://other.test/absolute/../form',
];

test.each(REWRITTEN)(
  'bug 9, a target that parsers of URLs rewrite: the request %s is its own all the same',
  async (target) => {
    const service = await startTracedService(
      (request, response) => {
        annotate({ dimension1: 'said' });
        if (request.headers['x-ignore'] !== undefined) ignore();
        response.end();
      },
      { tokenAuth: 'writer', trustProxy: 'loopback', doNotTrack: true },
    );
    const client = ['X-Forwarded-For: 203.0.113.9', 'Accept-Language: sv'];
    for (const more of [[], ['DNT: 1'], ['X-Ignore: 1']]) {
      expect(statusOf(await sendRaw(service, rawRequest(target, [...client, ...more])))).toBe(200);
    }
    await service.requests(3);
    const hits = await service.hits();
    const said = hits.map(({ params, stored }) => [
      params.cip,
      params.lang,
      stored?.custom_dimension_1,
    ]);
    expect(said).toEqual([['203.0.113.9', 'sv', 'said']]);
    expect(service.processor.stats().ignored).toMatchObject({ do_not_track: 1, attribute: 1 });
  },
);

test('bug 9, routes of many paths: one with a wildcard is one title, and one of a list its own', async () => {
  const service = await startTracedService(() => {
    const app = express();
    const router = express.Router();
    for (const target of [app, router]) {
      target.get('/files/*path', (_request, response) => void response.end());
      target.get(['/one', '/other'], (_request, response) => void response.end());
    }
    app.use('/api', router);
    return app;
  });
  const expected = {
    '/files/a': 'GET /files/*path',
    '/files/a/b/c': 'GET /files/*path',
    '/files/a/b/c/d': 'GET /files/*path',
    '/api/files/a/b/c': 'GET /api/files/*path',
    '/one': 'GET /one',
    '/other': 'GET /other',
    '/api/other': 'GET /api/other',
  };
  for (const path of Object.keys(expected)) {
    await service.fetch(path, { headers: { host: 'shop.example' } });
  }
  await service.requests(Object.keys(expected).length);
  const titles = (await service.hits()).map(({ stored }) => [
    stored?.url?.replace('https://shop.example', ''),
    stored?.title,
  ]);
  expect(Object.fromEntries(titles)).toEqual(expected);
});
