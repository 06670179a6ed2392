// Rows 17 to 21 of README.md: what the application itself adds or leaves out.
import type { RequestListener } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import express from 'express';
import { expect, test } from 'vitest';
import { annotate, ignore, measure, type TrackingParameters } from '../../../src/index.js';
import { captureOutput } from '../../support/output.js';
import { storedAt, storedTitles } from '../../support/stored.js';
import { startTracedService } from '../../support/traced-service.js';
import { startVariants } from '../../support/variants.js';

const ok: RequestListener = (_request, response) => void response.end();

test('row 17: named timers run beside each other, around sync and async work, also when it fails', async () => {
  const service = await startTracedService(async (_request, response) => {
    const tracer = trace.getTracer('test');
    void measure('pf_net', () => block(20));
    const failing = measure('pf_tfr', async () => {
      await wait(60);
      throw new Error('late');
    }).catch(() => undefined);
    await measure('pf_dm1', () => wait(40));
    await measure('pf_dm1', () => wait(40));
    await failing;
    expect(() => measure('pf_dm2', () => block(20, new Error('at once')))).toThrow('at once');
    const attributes = { 'matomo.perf_key': 'pf_onl' };
    await tracer.startActiveSpan('by a span', { attributes }, async (span) => {
      await wait(30);
      span.end();
    });
    response.end();
  });
  await service.fetch('/');
  await service.requests(1);
  const { stored, params } = (await service.hits())[0] ?? {};
  const least = {
    time_network: 20,
    time_transfer: 59,
    time_dom_processing: 75,
    time_dom_completion: 20,
    time_on_load: 29,
  };
  for (const [column, millis] of Object.entries(least)) {
    const time = stored?.[column as keyof typeof least];
    expect(time, column).toBeGreaterThanOrEqual(millis);
    expect(time, column).toBeLessThan(millis + 15_000); // in microseconds it would be more
  }
  const parts = Object.keys(least).map((column) => Number(stored?.[column as keyof typeof least]));
  const rest = Number(params?.gt_ms) - parts.reduce((sum, millis) => sum + millis);
  expect(stored?.time_server).toBe(Math.max(0, rest));
});

function block(millis: number, error?: Error): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
  if (error) throw error;
}

test('row 18: an application’s own data of a request replaces parameters and adds custom variables', async () => {
  const service = await startTracedService((request, response) => {
    if (request.url !== '/plain') {
      annotate({ action_name: 'Checkout', cvar: { plan: 'free' }, dimension1: 'first' });
      annotate({ url: 'https://shop.example/order', cvar: { plan: 'pro', seats: 3 }, uid: 'ann' });
    }
    response.end();
  });
  for (const path of ['/order/17', '/plain']) await service.fetch(path);
  await service.requests(2);
  const hits = await service.hits();
  expect(storedAt(hits, '/order')).toMatchObject({
    title: 'Checkout',
    custom_dimension_1: 'first',
    custom_var_v1: '200',
    custom_var_v2: 'GET',
    custom_var_k3: 'plan',
    custom_var_v3: 'pro',
    custom_var_k4: 'seats',
    custom_var_v4: '3',
  });
  expect(hits.map(({ params }) => params.uid).filter(Boolean)).toEqual(['ann']);
  expect(storedAt(hits, '/plain')?.title).toBe('GET /plain');
});

test('row 19: the class of an exception is captured, and a crash beside the page view where asked for', async () => {
  captureOutput();
  class PaymentError extends Error {
    override name = 'PaymentError';
  }
  const service = await startVariants(
    (request, response) => {
      trace.getTracer('test').startActiveSpan('charge', (span) => {
        if (request.url !== '/fine') span.recordException(new PaymentError('card declined'));
        if (request.url !== '/fine') span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
        response.writeHead(request.url === '/fails' ? 502 : 200).end();
      });
    },
    { off: { errors: 'off' }, type: {}, crash: { errors: 'crash' } },
  );
  for (const path of ['/fails', '/recovered', '/fine']) await service.fetch(path);
  const named = {
    custom_var_v1: '502',
    custom_var_k3: 'error_type',
    custom_var_v3: 'PaymentError',
  };
  const off = storedAt(await service.of.off.hitsOf(3), '/fails');
  expect(off).toMatchObject({ custom_var_v1: '502' });
  expect(off).not.toHaveProperty('custom_var_k3');
  const type = await service.of.type.hitsOf(3);
  expect(storedAt(type, '/fails')).toMatchObject(named);
  for (const path of ['/recovered', '/fine']) {
    expect(storedAt(type, path)).toMatchObject({ custom_var_v1: '200' });
    expect(storedAt(type, path)).not.toHaveProperty('custom_var_k3');
  }
  const crash = await service.of.crash.hitsOf(3);
  expect(storedAt(crash, '/fails')).toMatchObject(named);
  // The crash itself is refused here: the inspector has no CrashAnalytics, as Matomo by default.
  expect(crash.filter(({ params }) => params.ca !== undefined)).toMatchObject([
    { verdict: 'refused', params: { cra: 'PaymentError', cra_tp: 'PaymentError' } },
  ]);
});

test('row 20: the time-out of requests to Matomo is the option’s', async () => {
  const output = captureOutput();
  const service = await startTracedService(ok, { exportTimeoutMillis: 3000 });
  service.inspector.play({ delayMillis: 600_000 });
  await service.fetch('/late');
  await service.requests(1);
  await service.processor.forceFlush();
  await expect.poll(() => service.processor.stats().lost.unconfirmed).toBe(1);
  expect(output.join('')).toContain('no answer within 3000 ms');
});

test('row 21: ignore and annotate decorate single routes, as middleware', async () => {
  const details =
    (parameters: TrackingParameters): express.RequestHandler =>
    (_request, _response, next) => {
      annotate(parameters);
      next();
    };
  const untracked: express.RequestHandler = (_request, _response, next) => {
    ignore();
    next();
  };
  const service = await startTracedService(() => {
    const app = express();
    app.get('/ping', untracked, (_request, response) => void response.end('pong'));
    app.use('/internal', untracked);
    app.get('/internal/:id', (_request, response) => void response.end());
    app.get('/buy/:id', details({ action_name: 'Buy', dimension1: 'shop' }), (_request, response) =>
      response.end(),
    );
    app.get('/sell/:id', (_request, response) => void response.end());
    return app;
  });
  for (const path of ['/ping', '/internal/1', '/buy/1', '/sell/1']) await service.fetch(path);
  expect((await service.fetch('/ping')).body).toBe('pong');
  await service.requests(5);
  const hits = await service.hits();
  expect(storedTitles(hits)).toEqual(['Buy', 'GET /sell/:id']);
  expect(storedAt(hits, '/buy/1')).toMatchObject({ custom_dimension_1: 'shop' });
  expect(storedAt(hits, '/sell/1')).not.toHaveProperty('custom_dimension_1');
  expect(service.processor.stats()).toMatchObject({ hits: 2, ignored: { attribute: 3 } });
});
