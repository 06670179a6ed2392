import { expect, test } from 'vitest';
import { annotations, httpRequest, parametersOf } from '../../support/builders.js';

const HOST = 'https://shop.example.org';

test.each([
  [{ path: '/users/42', route: '/users/:id' }, '/users/:id'],
  [{ path: '/users/42', route: 'users/{id}' }, '/users/%7Bid%7D'],
  [{ path: '/users/42', route: '/users/:id?' }, '/users/:id%3F'],
  [{ path: '/users/42', route: undefined }, '/users/:id'],
  [{ path: '/users/%34%32', route: undefined }, '/users/:id'],
  [{ path: '/users/max%40example.org', route: undefined }, '/users/redacted'],
  [{ path: '/users/42.data', route: undefined, isPageData: true }, '/users/:id'],
  [{ path: '/users/42', route: undefined, statusCode: 403 }, '/users/:id'],
  [{ path: '/users/42', route: '/users/:id', statusCode: 404 }, '/users/:id'],
  [{ path: '/patients/max-mustermann', route: undefined }, '/patients/max-mustermann'],
])('with urlPaths: "template", the URL of %o has the path %s', (overrides, path) => {
  const { parameters } = parametersOf(httpRequest({ ...overrides, query: 'x=1' }), {
    urlPaths: 'template',
  });
  expect(parameters.url).toBe(`${HOST}${path}?x=1`);
});

test.each([
  [400, '/bad-request'],
  [404, '/not-found'],
  [405, '/method-not-allowed'],
])('with urlPaths: "template", the URL of a %i without a route is %s', (statusCode, path) => {
  const dimensions = { 1: 'url.path', 2: 'url.full', 3: 'http.target', 4: 'url.query' };
  const refused = { path: '/wp-login.php', query: 'x=1', route: undefined, statusCode };
  const read = (overrides: object, urlPaths: 'template' | 'full' = 'template') =>
    parametersOf(httpRequest({ ...refused, ...overrides }), { urlPaths, dimensions }).parameters;
  const url = `${HOST}${path}`;
  expect(read({})).toMatchObject({ url, dimension1: path, dimension2: url, dimension3: path });
  expect(JSON.stringify(read({}))).not.toMatch(/wp-login|x=1/);
  const chatbotResponse = { contentType: 'text/html', bodyBytes: 1 };
  expect(read({ chatbotResponse }).url).toBe(url);
  const operation = { kind: 'graphql', name: 'GetUser', count: 1, hasFailed: true };
  expect(read({ path: '/api', operation }).url).toBe(`${HOST}/api?x=1`);
  const toolCall = { kind: 'mcp', count: 1, hasFailed: true, mcp: { method: 'tools/call' } };
  expect(read({ path: '/api', operation: toolCall }).url).toBe(`${HOST}/api?x=1`);
  expect(read({}, 'full').url).toBe(`${HOST}/wp-login.php?x=1`);
});

test('with urlPaths: "template", no parameter contains the path, whatever is made of it', () => {
  const options = {
    urlPaths: 'template',
    titlePaths: 'raw',
    actionName: '{path} {route}',
    dimensions: { 1: 'url.full', 2: 'url.path', 3: 'http.target', 4: 'matomo.failed_endpoint' },
  } as const;
  for (const route of ['/users/:id', undefined]) {
    const page = httpRequest({ path: '/users/4711', route, statusCode: 500 });
    const visit = { ...page, referrer: `${HOST}/users/4711`, annotations: [annotations({})] };
    const chatbot = { ...page, chatbotResponse: { contentType: 'text/html', bodyBytes: 1 } };
    for (const request of [page, visit, chatbot]) {
      for (const pageViews of [true, false]) {
        const { parameters } = parametersOf(request, { ...options, pageViews });
        expect(parameters.url).toBe(`${HOST}/users/:id`);
        expect(JSON.stringify(parameters)).not.toContain('4711');
      }
    }
  }
});

test('with referrers: "origin", pages and dimensions have only the origin of the referrer', () => {
  const request = httpRequest({ referrer: 'https://ref.example/private?token=x' });
  const dimensions = { 1: 'http.request.header.referer' };
  const { parameters } = parametersOf(request, { referrers: 'origin', dimensions });
  expect(parameters).toMatchObject({
    urlref: 'https://ref.example/',
    dimension1: parameters.urlref,
  });
});
