import type { MeterProvider } from '@opentelemetry/api';
import type { NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { assertType, expectTypeOf, test } from 'vitest';
import {
  annotate,
  forRequest,
  type MatomoOptions,
  MatomoSpanExporter,
  MatomoSpanProcessor,
  measure,
  type OrderItem,
  start,
  trackEvent,
  trackGoal,
  trackHit,
  trackOrder,
} from '../../src/index.js';

test('the processor is one of the SDK’s, the exporter too', () => {
  assertType<SpanProcessor>(new MatomoSpanProcessor());
  assertType<SpanExporter>(new MatomoSpanExporter());
  assertType<NodeSDKConfiguration['spanProcessors']>([new MatomoSpanProcessor()]);
});

test('so is its meter provider, and the handle of start is an AsyncDisposable', () => {
  new MatomoSpanProcessor({ meterProvider: {} as MeterProvider });
  expectTypeOf(start()).toExtend<AsyncDisposable>();
});

test('tracking parameters are known by name', () => {
  annotate({ action_name: 'x', dimension12: 1, new_visit: true, cvar: { plan: 'pro', n: 1 } });
  // @ts-expect-error no such parameter
  annotate({ action_nmae: 'x' });
  // @ts-expect-error it is set by the package alone
  annotate({ token_auth: 'x' });
  // @ts-expect-error no such timing
  void measure('pf_all', () => 1);
});

test('measure gives back what the function gives', () => {
  expectTypeOf(measure('pf_srv', () => 5)).toEqualTypeOf<number>();
  const query = {} as PromiseLike<string[]> & { limit(count: number): unknown };
  expectTypeOf(forRequest({}).measure('pf_dm1', () => query)).toEqualTypeOf<Promise<string[]>>();
  const generic = <T>(fn: () => T): T => measure('pf_srv', fn);
  expectTypeOf(generic(() => 5)).toEqualTypeOf<number>();
});

test('options take what an application has at hand', () => {
  const url: string | undefined = 'https://matomo.example.org';
  assertType<MatomoOptions[]>([
    { url: new URL(url), userId: () => 42, headers: Object.fromEntries(new Headers()) },
    { url: undefined, dimensions: { 1: () => ['a', 'b'] } },
    { beforeSend: (parameters) => ({ ...parameters, uid: 'ann' }) },
  ]);
  // @ts-expect-error no such option
  assertType<MatomoOptions>({ trustProxi: 1 });
  // @ts-expect-error no such number of bytes
  assertType<MatomoOptions>({ anonymizeIp: 5 });
  // @ts-expect-error no object of headers
  assertType<MatomoOptions>({ headers: new Headers() });
  // @ts-expect-error a promise
  assertType<MatomoOptions>({ beforeSend: async (parameters) => parameters });
});

test('events, goals and orders are typed, with tracking parameters for the rest', () => {
  const items: OrderItem[] = [{ sku: 'a', categories: ['b', 'c'], price: 1, quantity: 2 }];
  trackEvent('a', 'b', { name: 'c', value: 1, uid: 'ann', dimension1: 'x' });
  trackGoal(1, { revenue: 2 });
  trackOrder({ id: 'a', revenue: 1, tax: 0.2, items }, { uid: 'ann' });
  trackHit({ download: 'https://example.org/a.pdf' });
  // @ts-expect-error only a visitor
  trackHit({ uid: 'ann' });
  // @ts-expect-error an item has a sku
  trackOrder({ id: 'a', revenue: 1, items: [{ name: 'b' }] });
});
