import { expect, test } from 'vitest';
import { requestAll } from '../doors/mounts.js';

/** Paths, and the hits that show the routes with the paths in which their routers are mounted. */
const HITS: Readonly<Record<string, string>> = {
  '/api/orders/7': 'GET /api/orders/:order 200',
  '/api/orders/ann': 'GET /api/orders/:order 200',
  '/api/failing/7': 'GET /api/failing/:order 500',
  '/api/none': 'GET Not Found 404',
  '/tenants/acme/info': 'GET /tenants/:tenant/info 200',
  '/tenants/acme/shops/3': 'GET /tenants/:tenant/shops/:shop 200',
  '/tenants/acme/shops/3/items/ball': 'GET /tenants/:tenant/shops/:shop/items/:item 200',
  '/tenants/acme/shops/3/failing/ball': 'GET /tenants/:tenant/shops/:shop/failing/:item 500',
  '/v1/ping/1': 'GET /v1/ping/:count 200',
  '/v2/ping/1': 'GET /v2/ping/:count 200',
  '/v2/failing/1': 'GET /v2/failing/:count 500',
  '/admin/reports/7': 'GET /admin/reports/:report 200',
  '/admin/deep/top/leaves/7': 'GET /admin/deep/:level/leaves/:leaf 200',
  '/admin/deep/top/failing/7': 'GET /admin/deep/:level/failing/:leaf 500',
  '/multi/ann': 'GET /multi/:one 200',
  '/other/ann': 'GET /other/:two 200',
  '/chained/ann': 'GET /chained/:link 200',
  '/wrapped/inside/ann': 'GET /wrapped/inside/:inner 200',
  '/wrapped/failing/ann': 'GET /wrapped/failing/:inner 500',
  '/wrapped-in/bob/inside/ann': 'GET /wrapped-in/:name/inside/:inner 200',
  '/at-the-root/ann': 'GET /at-the-root/:leaf 200',
  '/failing-at-the-root/ann': 'GET /failing-at-the-root/:leaf 500',
  '/twice/a/same/ann': 'GET /twice/a/same/:leaf 200',
  '/twice/b/here/same/ann': 'GET /twice/b/:place/same/:leaf 200',
  '/twice/b/here/failing/ann': 'GET /twice/b/:place/failing/:leaf 500',
  '/people/ann': 'GET /people/:person 200',
  '/people/ann/': 'GET /people/:person 200',
  '/people/ann/posts/first': 'GET /people/:person/posts/:post 200',
  '/People/Ann/Posts/First': 'GET /people/:person/posts/:post 200',
  '/optional': 'GET /optional/:opt 200',
  '/optional/ann': 'GET /optional/:opt 200',
  '/splat/a/b': 'GET /splat/* 200',
  '/expression/7': 'GET /expression/:id 200',
  '/by-one/leaves/ann': 'GET /*/leaves/:leaf 200',
  '/left/skipped/ann': 'GET /left/skipped/:taken 200',
  '/passed/ann': 'GET /passed/:second 200',
  '/old/ann': 'GET /old/new/:leaf 200',
};

test('titles show the routes of Express with the paths in which their routers are mounted', async () => {
  expect(await requestAll(Object.keys(HITS))).toEqual(HITS);
});
