import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { expect, test, vi } from 'vitest';
import { CHILD_SPAN_WAIT_MILLIS } from '../../src/hit/hit.js';
import { MatomoSpanProcessor } from '../../src/index.js';
import { useFakeTime } from '../support/delivery.js';

useFakeTime();

const SERVER = {
  kind: SpanKind.SERVER,
  attributes: { 'http.request.method': 'GET', 'url.scheme': 'http', 'url.path': '/' },
};

/** The hit of a request whose child span ends so long after its SERVER span. */
async function hitOfChildEndingAfter(millis: number) {
  const hits: Record<string, string>[] = [];
  const processor = new MatomoSpanProcessor({
    url: 'http://127.0.0.1:9',
    siteId: 1,
    scheduledDelayMillis: 1,
    beforeSend(parameters) {
      hits.push(parameters);
      return parameters;
    },
  });
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('test');
  const server = tracer.startSpan('GET', SERVER, ROOT_CONTEXT);
  const child = tracer.startSpan('handler', {}, trace.setSpan(ROOT_CONTEXT, server));
  server.end();
  await vi.advanceTimersByTimeAsync(millis);
  const madeBefore = hits.length;
  child.setAttribute('matomo.dimension1', 'late').end();
  await vi.advanceTimersByTimeAsync(CHILD_SPAN_WAIT_MILLIS);
  const [hit] = hits;
  return { madeBefore, dimension: hit?.dimension1 };
}

test('what a child span says counts if it ends less than 20 ms after the SERVER span', async () => {
  expect(CHILD_SPAN_WAIT_MILLIS).toBe(20);
  expect(await hitOfChildEndingAfter(19)).toEqual({ madeBefore: 0, dimension: 'late' });
});

test('what a child span says after that does not reach the hit, which is made by then', async () => {
  expect(await hitOfChildEndingAfter(21)).toEqual({ madeBefore: 1, dimension: undefined });
});
