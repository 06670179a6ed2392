import { AsyncResource } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { context, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { withoutTracing } from '../src/common/otel-global.js';
import { annotate, ignore, measure, trackEvent, trackOrder } from '../src/index.js';
import { eventually, runNode } from './support/child-process.js';
import { captureOutput } from './support/output.js';
import { APPS, matomo, REGISTER } from './support/registered-app.js';
import { startTracedService } from './support/traced-service.js';

// Asked for anew each time: every test registers a provider of its own.
const tracer = () => trace.getTracer('test');

/** No hit leaves by itself. */
const PATIENT = { scheduledDelayMillis: 60_000 };

test('annotate sets parameters of this request’s hit; custom variables add up; nothing leaks into the next', async () => {
  const service = await startTracedService((request, response) => {
    if (request.url === '/a') {
      annotate({ action_name: 'Checkout', dimension3: 'pro', cvar: { plan: 'pro' } });
      annotate({ uid: 'ann', cvar: { tier: 2 } });
    }
    response.end();
  });
  const hits = await service.visit(['/a', '/b']);
  const [a, b] = ['/a', '/b'].map((path) => hits.find(({ params }) => params.url?.endsWith(path)));
  expect(a?.stored).toMatchObject({
    title: 'Checkout',
    custom_dimension_3: 'pro',
    custom_var_k3: 'plan',
    custom_var_k4: 'tier',
  });
  expect(a?.params.uid).toBe('ann');
  expect(b?.stored?.title).toBe('GET /b');
  expect(b?.params).not.toHaveProperty('uid');
  expect(b?.params.cvar).not.toContain('plan');
});

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

test('measure times sync and async work, adds up, and gives back what the work gives or throws', async () => {
  const service = await startTracedService(async (_request, response) => {
    const results = [
      measure('pf_net', () => 1),
      await measure('pf_dm1', async () => {
        await wait(20);
        return 2;
      }),
      await measure('pf_dm1', () => wait(20, 3)),
    ];
    try {
      void measure('pf_dm2', () => {
        throw new Error('sync');
      });
    } catch (error) {
      results.push((error as Error).message as never);
    }
    await measure('pf_tfr', () => Promise.reject(new Error('async'))).catch((error: Error) => {
      results.push(error.message as never);
    });
    response.end(JSON.stringify(results));
  });
  const { body } = await service.fetch('/');
  expect(JSON.parse(body)).toEqual([1, 2, 3, 'sync', 'async']);
  await service.requests(1);
  const { stored } = (await service.hits())[0] ?? {};
  const timed = expect.any(Number);
  expect(stored).toMatchObject({
    time_network: timed,
    time_dom_completion: timed,
    time_transfer: timed,
  });
  expect(stored?.time_dom_processing).toBeGreaterThanOrEqual(38);
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

test('what is no object of parameters is reported once, and no call throws', async () => {
  const output = captureOutput();
  const service = await startTracedService((_request, response) => {
    for (let i = 0; i < 2; i++) {
      for (const given of [null, 'x', Promise.resolve({}), new Map([['uid', 'ann']]), ['uid']])
        annotate(given as never);
      annotate({ cvar: 'x' as never, dimension1: 'a' });
      void measure('pf_xxx' as never, () => 1);
    }
    response.end();
  });
  const [hit] = await service.visit('/');
  expect(hit?.params.dimension1).toBe('a');
  const lines = output.join('').trim().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/annotate.*\[parameter-invalid\]/),
    expect.stringMatching(/"cvar".*\[parameter-invalid\]/),
    expect.stringMatching(/measure.*pf_srv.*\[parameter-invalid\]/),
  ]);
});

test.each([
  ['span', 'async context'],
  ['async context', 'span'],
])(
  'what is annotated after the response counts until the request ends, first by the %s',
  async (...order) => {
    const service = await startTracedService((_request, response) => {
      const ofSpan = trace.setSpan(ROOT_CONTEXT, trace.getActiveSpan() as Span);
      const ways: Record<string, () => void> = {
        span: () => context.with(ofSpan, annotate, undefined, { dimension1: 'span' }),
        'async context': () =>
          context.with(ROOT_CONTEXT, annotate, undefined, { dimension2: 'context' }),
      };
      response.end();
      for (const way of order) ways[way]?.();
    }, PATIENT);
    await service.fetch('/');
    await service.requests(1);
    const [hit] = await service.hits();
    expect(hit?.params).toMatchObject({ dimension1: 'span', dimension2: 'context' });
  },
);

test('after the hit of a request was built, annotate logs once and changes nothing', async () => {
  const output = captureOutput();
  const late: (() => void)[] = [];
  const service = await startTracedService((_request, response) => {
    late.push(AsyncResource.bind(() => annotate({ dimension1: 'late' })));
    response.end();
  });
  await service.fetch('/a');
  await service.fetch('/b');
  await service.requests(2);
  expect(output).toEqual([]);
  for (const each of late) each();
  expect(output).toEqual([expect.stringMatching(/annotate.*\[annotated-too-late\]/)]);
  const sent = (await service.hits()).map(({ params }) => params.dimension1);
  expect(sent).toEqual([undefined, undefined]);
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

test('they find the request where the active span does not record', async () => {
  const sampler = {
    shouldSample: (_context: unknown, _traceId: string, _name: string, kind: SpanKind) => ({
      decision: kind === SpanKind.SERVER ? 2 : 0, // RECORD_AND_SAMPLED, NOT_RECORD
    }),
  };
  const service = await startTracedService(
    (_request, response) => {
      tracer().startActiveSpan('not recorded', (span) => {
        expect(span.isRecording()).toBe(false);
        annotate({ dimension1: 'found' });
        response.end(measure('pf_dm1', () => 'done'));
      });
    },
    {},
    { sampler },
  );
  expect((await service.fetch('/')).body).toBe('done');
  await service.requests(1);
  expect((await service.hits())[0]?.stored).toMatchObject({
    custom_dimension_1: 'found',
    time_dom_processing: expect.any(Number),
  });
});

test('they find the request where tracing is suppressed', async () => {
  const service = await startTracedService((_request, response) => {
    withoutTracing(() =>
      tracer().startActiveSpan('of no trace', (span) => {
        expect(span.isRecording()).toBe(false);
        annotate({ dimension1: 'found' });
        trackEvent('Found', 'event');
        response.end();
      }),
    );
  });
  const hits = await service.visit('/');
  expect(hits.map(({ params }) => params.e_a ?? params.dimension1)).toEqual(['found', 'event']);
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

test('spans with a perf key become timings at any depth and add up; matomo.* attributes of any span are overrides', async () => {
  const service = await startTracedService(async (_request, response) => {
    await tracer().startActiveSpan('outer', async (outer) => {
      outer.setAttribute('matomo.action_name', 'from a child');
      outer.setAttribute('matomo.cvar.plan', 'pro');
      for (const name of ['one', 'two']) {
        await tracer().startActiveSpan(
          name,
          { attributes: { 'matomo.perf_key': 'pf_dm1' } },
          async (span) => {
            await wait(15);
            span.end();
          },
        );
      }
      outer.end();
    });
    trace.getActiveSpan()?.setAttribute('matomo.dimension1', 'from the server span');
    response.end();
  });
  const { stored } = (await service.visit('/'))[0] ?? {};
  expect(stored).toMatchObject({
    title: 'from a child',
    custom_var_k3: 'plan',
    custom_dimension_1: 'from the server span',
  });
  expect(stored?.time_dom_processing).toBeGreaterThanOrEqual(28);
});

test('the server span wins over annotate, annotate over the spans below, a later span over an earlier', async () => {
  const service = await startTracedService((_request, response) => {
    for (const [name, number] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      const span = tracer().startSpan(name);
      span.setAttributes({
        'matomo.dimension1': `child ${number}`,
        'matomo.dimension2': `child ${number}`,
        'matomo.dimension3': `child ${number}`,
      });
      span.end();
    }
    annotate({ dimension2: 'annotate', dimension3: 'annotate' });
    trace.getActiveSpan()?.setAttribute('matomo.dimension3', 'server span');
    response.end();
  });
  expect((await service.visit('/'))[0]?.stored).toMatchObject({
    custom_dimension_1: 'child 2',
    custom_dimension_2: 'annotate',
    custom_dimension_3: 'server span',
  });
});

test.each<[string, () => void]>([
  ['ignore()', ignore],
  ['matomo.ignore', () => void trace.getActiveSpan()?.setAttribute('matomo.ignore', true)],
  [
    'matomo.ignore of a span below',
    () =>
      tracer()
        .startSpan('below', { attributes: { 'matomo.ignore': true } })
        .end(),
  ],
])('%s leaves the request out and counts it', async (_how, act) => {
  const service = await startTracedService((request, response) => {
    if (request.url === '/health') act();
    response.end();
  });
  const hits = await service.visit(['/health', '/a']);
  expect(hits.map(({ stored }) => stored?.title)).toEqual(['GET /a']);
  const ignored = { attribute: 1 };
  expect(service.processor.stats()).toMatchObject({ hits: 1, tracked: 1, pending: 0, ignored });
});

test('a child that ends after the request adds nothing, and is counted', async () => {
  let hasEnded = false;
  const service = await startTracedService((_request, response) => {
    const late = tracer().startSpan('late');
    response.end();
    response.on('close', () =>
      setTimeout(() => {
        late.setAttributes({ 'matomo.perf_key': 'pf_dm2', 'matomo.dimension1': 'late' });
        late.end();
        hasEnded = true;
      }, 10),
    );
  }, PATIENT);
  await service.fetch('/');
  await service.requests(1);
  await eventually(() => hasEnded);
  const [hit] = await service.hits();
  expect(hit?.stored).not.toHaveProperty('custom_dimension_1');
  expect(hit?.stored).not.toHaveProperty('time_dom_completion');
  expect(service.processor.stats().spans.unused).toBe(1);
});

test('spans that lost the asynchronous context go to the request that their parents lead to, also within one trace', async () => {
  const service = await startTracedService(async (request, response) => {
    const name = request.url?.slice(1) ?? '';
    const active = context.active();
    const parent = tracer().startSpan('parent', {}, active);
    const below = trace.setSpan(active, parent);
    queue.push(() => {
      const child = tracer().startSpan('child', {}, below);
      child.setAttribute('matomo.dimension1', name);
      child.end();
      parent.end();
      response.end();
    });
  });
  const queue: (() => void)[] = [];
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const both = Promise.all(
    ['/a', '/b'].map((path) => service.fetch(path, { headers: { traceparent } })),
  );
  await eventually(() => queue.length === 2);
  context.with(ROOT_CONTEXT, () => {
    for (const job of queue.reverse()) job();
  });
  await both;
  await service.requests(2);
  const stored = (await service.hits()).map((hit) => [
    hit.stored?.title,
    hit.stored?.custom_dimension_1,
  ]);
  expect(Object.fromEntries(stored)).toEqual({ 'GET /a': 'a', 'GET /b': 'b' });
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
