import { type Span, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { annotate, measure } from '../src/index.js';
import { runNode } from './support/child-process.js';
import { APPS, matomo, REGISTER } from './support/registered-app.js';
import { startTracedService } from './support/traced-service.js';

// Asked for anew each time: every test registers a provider of its own.
const tracer = () => trace.getTracer('test');

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

test('a rejection of a measured promise that nothing handles ends the process', async () => {
  const { env } = await matomo();
  const { code, stderr } = await runNode([...REGISTER, `${APPS}/rejects.cjs`, '/'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain('Error: rejected in /');
});

test('measure returns what the function returns, in a request and outside of one', async () => {
  const promise = Promise.resolve(1);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const outside = lazyQuery();
  expect(measure('pf_srv', () => promise)).toBe(promise);
  expect(measure('pf_srv', () => proxy)).toBe(proxy);
  expect(measure('no such key' as never, () => 6)).toBe(6);
  const result = measure('pf_srv', () => outside.builder);
  expect(result).toBeInstanceOf(Promise);
  expect(await result).toBe('row');
  const query = lazyQuery();
  const service = await startTracedService(async (_request, response) => {
    const isSame = measure('pf_dm1', () => proxy) === proxy;
    response.end(`${await measure('pf_srv', () => query.builder)} ${isSame}`);
  });
  expect((await service.fetch('/')).body).toBe('row true');
  expect([outside.started(), query.started()]).toEqual([1, 1]); // a query starts anew with each `then`
  await service.requests(1);
  const [hit] = await service.hits();
  expect(hit?.millis).toBeGreaterThanOrEqual(19);
  expect(hit?.params).toHaveProperty('pf_dm1');
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
  expect((await service.hits())[0]?.params).toMatchObject({
    action_name: 'GET /own',
    dimension1: 'below',
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
