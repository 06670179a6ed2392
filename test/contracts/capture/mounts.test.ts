import { expect, test } from 'vitest';
import { get, REGISTER, startTracked } from '../../support/registered-app.js';
import { toTrackedHit } from '../doors/capture.js';

/** Paths, and the hits that show the routes with the paths in which their routers are mounted. */
const HITS: Readonly<Record<string, string>> = {
  '/api/orders/ann': 'GET /api/orders/:order 200',
  '/api/failing/7': 'GET /api/failing/:order 500',
  '/tenants/acme/shops/3/items/ball': 'GET /tenants/:tenant/shops/:shop/items/:item 200',
  '/tenants/acme/shops/3/failing/ball': 'GET /tenants/acme/shops/:id/failing/:item 500',
  '/admin/deep/top/leaves/7': 'GET /admin/deep/top/leaves/:leaf 200',
  '/other/ann': 'GET /other/:two 200',
  '/wrapped-in/bob/inside/ann': 'GET /wrapped-in/:name/inside/:inner 200',
  '/at-the-root/ann': 'GET /at-the-root/:leaf 200',
  '/failing-at-the-root/ann': 'GET /failing-at-the-root/:leaf 500',
  '/People/Ann/Posts/First': 'GET /People/:person/posts/:post 200',
  '/optional/ann': 'GET /optional/:opt 200',
  '/splat/a/b': 'GET /splat/a/b 200',
  '/expression/7': 'GET /expression/:id 200',
  '/left/skipped/ann': 'GET /left/skipped/:taken 200',
  '/passed/ann': 'GET /passed/:second 200',
  // Clients put `bob` into what is no word of the application.
  '/nested/t/b%2Fob/7': 'GET /nested/t/b%2Fob/:postId 200',
  '/files/bob/ann/posts/7': 'GET /files/bob/ann/posts/:postId 200',
  '/users/%2562ob/posts': 'GET /users/redacted/posts 200',
  '/u-bob@example.org/posts/fails': 'GET /redacted/posts/fails 500',
  // Of a mount path of which only the text is known, the text without IDs, unless it would be redacted.
  '/f1/t/7/users/bob': 'GET /f1/t/:tenant/users/:id 200',
  '/f2/users/bob': 'GET /f2/users/:id 200',
  '/account/of/bob/users/ann': 'GET /account/of/:owner/users/:id 200',
  '/clinic/patients/max/visits/7': 'GET /clinic/patients/:patient/visits/:visit 200',
  '/clinic/guests/max/visits/7': 'GET /clinic/guests/:guest/visits/:visit 200',
  '/rewritten/notes/bob/later': 'GET /rewritten/notes/:id/later 200',
  '/@bob/core': 'GET /@bob/:package 200',
  // A mount counts only if the path goes on with the route.
  '/-/web/list': 'GET /-/web/list 200',
  '/bob/a/a': 'GET /:tenant/a/a 200',
  // The spelling of the client, and of an application that does not keep it.
  '/ADMIN/APIV1/users/7': 'GET /ADMIN/APIV1/users/:id 200',
  '/former/users/%2562ob/users/7': 'GET /former/users/:userId/users/:id 200',
  '/wild-of/acme/files/a': 'GET /wild-of/:tenant/files/a 200',
  '/login/fails': 'GET /login/fails 500',
  '/': 'GET / 200',
  '/base/large/index.json': 'GET /base/:size/index.json 200',
  '/v1.0/7:archive': 'GET /v1.0/7:archive 200',
};

test('titles show the routes of Express with the paths in which their routers are mounted', async () => {
  const patterns = String.raw`/(?<=\/patients\/)[^/]+/,/max(?=\/visits)(?<=guests\/max)/`;
  const { inspector, app } = await startTracked(
    [...REGISTER, 'test/contracts/doors/capture/mounts.cjs'],
    { MATOMO_REDACT_PATH_PATTERNS: patterns, NODE_ENV: 'test' },
  );
  for (const path of Object.keys(HITS)) await get(app.url + path);
  await app.stop();
  const hits = inspector.hits().map((each) => toTrackedHit(each).hit);
  expect(Object.fromEntries(Object.keys(HITS).map((path, i) => [path, hits[i]]))).toEqual(HITS);
});
