import { expect, test } from 'vitest';
import { isCatchAllRoute } from '../../../src/hit/page/catch-all-route.js';
import { plainRoute } from '../../../src/hit/page/plain-route.js';
import { words } from '../../support/words.js';

test.each(
  words(String.raw`
  * /* /** /*splat /{*splat} {/*splat} /(.*) (.*) /:path* /:path+ /:path(.*) /:path(*) /$ $ /*/*
  /**:path /{path*} /{proxy+} /{path:path} /{**rest} /[...path] /[[...path]] /<path:path>
  /[...path=any] /(shop)/[...path] /(shop)/(small)/[[...path]] /.*/ /^\/.*$/ /(.*)/
`),
)('%s is a catch-all', (route) => {
  expect(isCatchAllRoute(plainRoute(route))).toBe(true);
});

test.each([
  '',
  `/${'*/'.repeat(100)}`,
  ...words(String.raw`
  / /users /:id /{id} /[slug] /$id /(shop) /(shop)/[slug] /(shop)/api/[...path] /api/*
  /api/*splat /*/edit /:path(\d+) /^(?!\/api).*/
`),
])('%s is none', (route) => {
  expect(isCatchAllRoute(plainRoute(route))).toBe(false);
});
