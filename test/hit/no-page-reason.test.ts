import { expect, test } from 'vitest';
import type { HttpRequest } from '../../src/hit/http-request.js';
import { createFindNoPageReason } from '../../src/hit/no-page-reason.js';
import { httpRequest } from '../support/builders.js';

const find = createFindNoPageReason({ staticFiles: 'ignore', prefetches: 'ignore' });
const reasonOf = (request: Partial<HttpRequest>) =>
  find(httpRequest({ route: undefined, ...request }));

test.each([
  '/app.js',
  '/a/b.mjs',
  '/src/main.tsx',
  '/a.css',
  '/b/c.WOFF2',
  '/a.js.map',
  '/favicon.ico',
  '/photo.jpeg',
  '/a.wasm',
  '/site.webmanifest',
  '/manifest.json',
  '/robots.txt',
  '/sitemap.xml',
  '/_next/static/chunks/1',
  '/_next/image',
  '/_astro/a.b',
  '/_nuxt/builds/meta/1.json',
  '/@vite/client',
  '/@id/__x00__virtual:a',
  '/node_modules/.vite/deps/react',
  '/__manifest',
])('%s is a static file', (path) => {
  expect(reasonOf({ path })).toBe('static');
  expect(reasonOf({ path, method: 'HEAD', statusCode: 404 })).toBe('static');
  expect(reasonOf({ path, method: 'POST' })).toBeUndefined();
  expect(reasonOf({ path, route: path })).toBeUndefined();
});

test.each([
  '/',
  '/js',
  '/api/css',
  '/users/a.json',
  '/shop/manifest.json',
  '/docs/robots.txt',
  '/report.pdf',
  '/film.mp4',
  '/song.mp3',
  '/page.html',
  '/posts/_astro/a',
  '/a.js/b',
])('%s is none', (path) => {
  expect(reasonOf({ path })).toBeUndefined();
});

test.each([
  ['/avatars/:id.png', undefined],
  ['/avatars/:name', undefined],
  ['/avatars/*.png', undefined],
  ['/avatars/*', 'static'],
  ['/avatars/{*rest}', 'static'],
  ['/avatars{/*rest}', 'static'],
  ['/avatars/:path(.*)', 'static'],
  ['/avatars/[...path]', 'static'],
  ['/avatars', 'static'],
  ['/', 'static'],
  ['/ava', undefined],
])('a file that the route %s serves: %s', (route, reason) => {
  expect(reasonOf({ path: '/avatars/7.png', route })).toBe(reason);
});

test.each([
  ['EIO=4&transport=polling&t=Pabc123', undefined],
  ['EIO=4&transport=polling&t=Pabc123&sid=x', 'polling'],
  ['sid=x&transport=polling&EIO=4', 'polling'],
  ['transport=polling&sid=x', undefined],
  ['EIO=4&transport=websocket&sid=x', undefined],
])('a request with the query %s: %s', (query, reason) => {
  for (const method of ['GET', 'POST']) {
    expect(reasonOf({ path: '/socket.io/', method, query })).toBe(reason);
    expect(reasonOf({ path: '/poll', method, query, route: '/poll' })).toBeUndefined();
  }
});

test('the first reason counts, and options turn off two of them', () => {
  const request = httpRequest({
    path: '/app.js',
    route: undefined,
    query: 'EIO=4&transport=polling&sid=x',
    isPrefetch: true,
  });
  expect(find(request)).toBe('polling');
  expect(find({ ...request, query: undefined })).toBe('prefetch');
  expect(find({ ...request, query: undefined, isPrefetch: false })).toBe('static');
  const track = createFindNoPageReason({ staticFiles: 'track', prefetches: 'track' });
  expect(track(request)).toBe('polling');
  expect(track({ ...request, query: undefined })).toBeUndefined();
});
