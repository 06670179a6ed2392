import { get, type Scenario, withoutRoute } from '../scenario.js';

const routed = (
  name: string,
  [mount, route]: readonly [mount: string | undefined, route: string],
  path: string,
  template: string,
  { status = 200, does = 'ok' } = {},
): Scenario => ({
  name,
  ...(mount !== undefined && { mount }),
  route,
  does,
  sends: [get(path)],
  hits: [`GET ${mount ?? ''}${route} ${status}`],
  differs: withoutRoute([`GET ${template} ${status}`]),
});

export const TITLES: readonly Scenario[] = [
  {
    name: 'no route',
    sends: [get('/nothing-here')],
    hits: ['GET Not Found 404'],
    receives: [{ status: 404 }],
  },
  { name: 'a static file', sends: [get('/assets/app.css')], hits: [], ignored: 'static' },
  routed('a parameter', [undefined, '/orders/:order'], '/orders/7', '/orders/:id'),
  routed(
    'a router that is mounted with a parameter',
    ['/tenants/:tenant', '/carts/:cart'],
    '/tenants/3/carts/7',
    '/tenants/:id/carts/:id',
  ),
  routed(
    'a mounted router whose handler throws',
    ['/api/v3', '/carts/:cart'],
    '/api/v3/carts/7',
    '/api/v3/carts/:id',
    { status: 500, does: 'throws' },
  ),
  {
    name: 'a route that a middleware of Express skips',
    before: 'skips the route',
    route: '/skipping/:skipped',
    does: 'annotates',
    next: { route: '/skipping/:order', does: 'ok' },
    sends: [get('/skipping/7')],
    hits: [{ hit: 'GET /skipping/:order 200', params: { dimension5: undefined } }],
    except: ({ framework }) => framework !== 'express',
  },
  {
    name: 'a request whose properties are undefined at its end',
    does: 'empties its request',
    sends: [get('/emptied?a=1')],
    hits: [{ hit: 'GET /emptied 200', params: { url: /\/emptied\?a=1$/, dimension1: 'GET' } }],
    except: ({ framework }) => framework !== 'node',
  },
  {
    name: 'an ignored path',
    ignored: 'path',
    does: 'annotates',
    sends: [get('/health?full'), get('/health', { method: 'HEAD' })],
    hits: [],
    receives: [{ status: 200 }, { status: 200 }],
  },
];
