import { type Span, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, ignore, measure, trackEvent, trackOrder } from '../src/index.js';
import { runNode } from './support/child-process.js';
import { APPS, matomo, REGISTER } from './support/registered-app.js';
import { startTracedService } from './support/traced-service.js';

// Asked for anew each time: every test registers a provider of its own.
const tracer = () => trace.getTracer('test');

test('a parameter that is undefined is not set: it replaces no other value', async () => {
  const service = await startTracedService(
    (_request, response) => {
      annotate({
        uid: 'ann',
        action_name: undefined,
        cvar: { plan: 'pro', http_method: undefined },
      });
      annotate({ uid: undefined, cvar: { plan: undefined } });
      trackOrder({ id: 'A-1', revenue: 2, tax: 1 }, { ec_tx: undefined });
      trackEvent('a', 'b', { name: 'c', e_n: undefined, value: undefined });
      response.end();
    },
    {
      routeDetails: {
        '/a': { action_name: 'Shop', dimension1: undefined, cvar: { http_method: undefined } },
      },
    },
  );
  const [page, order, event] = (await service.visit('/a')).map(({ params }) => params);
  expect(page).toMatchObject({ action_name: 'Shop', uid: 'ann' });
  expect(Object.values(JSON.parse(page?.cvar ?? ''))).toEqual([
    ['http_status_code', '200'],
    ['http_method', 'GET'],
    ['plan', 'pro'],
  ]);
  expect(order?.ec_tx).toBe('1');
  expect(event?.e_n).toBe('c');
});

test('neither annotate nor measure write attributes to spans', async () => {
  const attributes: unknown[] = [];
  const service = await startTracedService((_request, response) => {
    const write = () =>
      attributes.push({ ...(trace.getActiveSpan() as Span & { attributes: object }).attributes });
    write();
    annotate({ uid: 'ann', dimension1: 'pro', cvar: { plan: 'pro' } });
    void measure('pf_dm1', () => 1);
    write();
    response.end();
  });
  expect((await service.visit('/'))[0]?.params).toMatchObject({ uid: 'ann', dimension1: 'pro' });
  const [before, after] = attributes;
  expect(after).toEqual(before);
  expect(before).not.toEqual({});
});

test.each([
  ['in a request', '/', 'in /'],
  ['outside of a request', undefined, 'outside'],
])(
  'a rejection of a measured promise that nothing handles ends the process, %s',
  async (_name, path, message) => {
    const { env } = await matomo();
    const { code, stderr } = await runNode(
      [...REGISTER, `${APPS}/rejects.cjs`, ...(path === undefined ? [] : [path])],
      { env },
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`Error: rejected ${message}`);
  },
);

test('outside of a request measure returns what the function returns, and a thenable as a promise', async () => {
  const promise = Promise.resolve(1);
  expect(measure('pf_srv', () => promise)).toBe(promise);
  expect(measure('pf_srv', () => JSON.parse('5'))).toBe(5);
  const query = lazyQuery();
  const result = measure('pf_srv', () => query.builder);
  expect(result).toBeInstanceOf(Promise);
  expect(await result).toBe('row');
  expect(query.started()).toBe(1);
});

test('measure returns a result whose properties throw, and has measured it', async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(measure('pf_dm1', () => proxy)).toBe(proxy);
  const service = await startTracedService((_request, response) => {
    response.end(String(measure('pf_dm1', () => proxy) === proxy));
  });
  expect((await service.fetch('/')).body).toBe('true');
  await service.requests(1);
  const [hit] = await service.hits();
  expect(hit?.params).toHaveProperty('pf_dm1');
});

test('measure starts a lazy thenable, such as a query builder, once', async () => {
  const query = lazyQuery();
  const service = await startTracedService(async (_request, response) => {
    response.end(await measure('pf_srv', () => query.builder));
  });
  expect((await service.fetch('/')).body).toBe('row');
  expect(query.started()).toBe(1);
  await service.requests(1);
  expect((await service.hits())[0]?.stored?.time_server).toBeGreaterThanOrEqual(19);
});

test('outside of a request they do nothing and throw nothing', () => {
  annotate({ uid: 'x' });
  annotate(undefined as never);
  ignore();
  expect(measure('no such key' as never, () => 6)).toBe(6);
});

test('they find the request of a server span that Node’s http knows nothing of', async () => {
  const service = await startTracedService((_request, response) => void response.end());
  const attributes = {
    'http.request.method': 'GET',
    'url.path': '/own',
    'http.response.status_code': 200,
  };
  tracer().startActiveSpan('own', { kind: SpanKind.SERVER, attributes }, (server) => {
    tracer().startActiveSpan('below', (below) => {
      annotate({ dimension1: 'below' });
      below.end();
    });
    server.end();
  });
  expect((await service.hits())[0]?.stored).toMatchObject({
    title: 'GET /own',
    custom_dimension_1: 'below',
  });
});

/** As a query builder of Knex: it starts when `then` is called, and again with each further call. */
function lazyQuery() {
  let started = 0;
  const builder: PromiseLike<string> = {
    // biome-ignore lint/suspicious/noThenProperty: it is what is tested
    then(resolve) {
      started += 1;
      return new Promise<string>((done) => setTimeout(done, 20, 'row')).then(resolve);
    },
  };
  return { builder, started: () => started };
}
