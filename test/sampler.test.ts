import { SpanKind, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished, test, vi } from 'vitest';
import { withoutTracing } from '../src/common/otel-global.js';
import { annotate, MatomoSpanProcessor, measure, recordServerSpans } from '../src/index.js';
import { listen } from './support/listen.js';
import { startMatomo } from './support/matomo.js';
import { fetchFrom, startTracedService } from './support/traced-service.js';

async function serviceWith(
  sampler: ReturnType<typeof recordServerSpans>,
  listener: Parameters<typeof startTracedService>[0],
) {
  const inspector = await startMatomo();
  const exporter = new InMemorySpanExporter();
  const processor = new MatomoSpanProcessor({ url: inspector.url, siteId: 1 });
  onTestFinished(() => processor.shutdown());
  const spanProcessors = [new SimpleSpanProcessor(exporter), processor as never];
  // The processor that the helper makes is not in the list: this one is.
  const service = await startTracedService(
    listener,
    {},
    { sampler: sampler as never, spanProcessors },
  );
  return { ...service, inspector, exporter, processor };
}

test.each([{ children: 'x' }, { children: null }, { child: 'all' }, 'all', null, []])(
  'recordServerSpans rejects %j as options',
  (options) => {
    const make = () => recordServerSpans(new AlwaysOffSampler() as never, options as never);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/^opentelemetry-matomo: .*(?:children|recordServerSpans)/);
    expect(make).toThrow(expect.objectContaining({ code: 'option-invalid' }));
  },
);

/** As a client elsewhere would: its own requests are no spans of this process. */
function visit(port: number, headers: Record<string, string> = {}) {
  return withoutTracing(() => fetchFrom(port, '/', { headers }));
}

test('with a ratio of 0.1 every request makes a hit, and the exporter gets a tenth', async () => {
  const sampler = recordServerSpans(
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }),
  );
  const { port, processor, exporter } = await serviceWith(
    sampler,
    (_request, response) => void response.end(),
  );
  for (let i = 0; i < 20; i++) {
    await Promise.all(Array.from({ length: 20 }, () => visit(port)));
  }
  await expect.poll(() => processor.stats().hits).toBe(400);
  const exported = exporter.getFinishedSpans().length;
  expect(exported).toBeGreaterThan(10);
  expect(exported).toBeLessThan(90);
});

test('an unsampled parent elsewhere keeps no request from making a hit, and what goes on stays unsampled', async () => {
  let passedOn: string | undefined;
  const url = await listen((request, response) => {
    passedOn = String(request.headers.traceparent);
    response.end();
  });
  const { port: nextPort } = new URL(url);
  const sampler = recordServerSpans(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
  const { port, processor, exporter } = await serviceWith(sampler, (request, response) => {
    if (request.url !== '/') return void response.end();
    void fetchFrom(Number(nextPort), '/next').then(() => response.end());
  });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  await visit(port, { traceparent });
  await expect.poll(() => processor.stats().hits).toBeGreaterThanOrEqual(1);
  expect(passedOn).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-.{16}-00$/);
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('annotate, measure and spans that have their perf key from the start count under it', async () => {
  const sampler = recordServerSpans(new AlwaysOffSampler());
  const { port, processor, inspector } = await serviceWith(sampler, (_request, response) => {
    const tracer = trace.getTracer('test');
    tracer.startActiveSpan('not recorded', (outer) => {
      tracer.startActiveSpan('tagged', { attributes: { 'matomo.perf_key': 'pf_dm1' } }, (span) => {
        span.setAttribute('matomo.dimension2', 'by attribute');
        span.end();
      });
      annotate({ dimension1: 'by annotate' });
      void measure('pf_dm2', () => undefined);
      outer.end();
    });
    response.end();
  });
  await visit(port);
  await expect.poll(() => processor.stats().hits).toBe(1);
  await processor.forceFlush();
  expect(inspector.hits()[0]?.stored).toMatchObject({
    custom_dimension_1: 'by annotate',
    custom_dimension_2: 'by attribute',
    time_dom_processing: expect.any(Number),
    time_dom_completion: expect.any(Number),
  });
});

test.each([
  ['keys', false],
  ['all', true],
] as const)('children: %s records an untagged child: %s', async (children, recorded) => {
  let isRecording: boolean | undefined;
  const sampler = recordServerSpans(new AlwaysOffSampler(), { children });
  const { port } = await serviceWith(sampler, (_request, response) => {
    const span = trace.getTracer('test').startSpan('child');
    isRecording = span.isRecording();
    span.end();
    response.end();
  });
  await visit(port);
  expect(isRecording).toBe(recorded);
});

test('it leaves alone what the sampler takes, and names the sampler', () => {
  const taken = { decision: 2, attributes: { a: 1 } };
  const sampler = recordServerSpans({ shouldSample: () => taken, toString: () => 'Mine' });
  expect(sampler.shouldSample({} as never, '', '', 1, {}, [])).toBe(taken);
  expect(String(sampler)).toBe('RecordServerSpans{Mine}');
  expect(() => recordServerSpans(undefined as never)).toThrow(TypeError);
});

test.each([
  ['a rate below 1', { rates: [0.1, 0.1] }, 1],
  ['a rate of 1', { rates: [1, 1] }, 0],
  ['no rate of Sentry', { rates: [undefined] }, 0],
])(
  'with %s, a processor that Sentry calls says once what is missing',
  async (_, { rates }, times) => {
    const lines: string[] = [];
    const warn = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
    onTestFinished(() => warn.mockRestore());
    // In this file, recordServerSpans has been called.
    vi.resetModules();
    const { MatomoSpanProcessor } = await import('../src/index.js');
    const processor = new MatomoSpanProcessor({ url: 'http://127.0.0.1:9', siteId: 1 });
    onTestFinished(() => processor.shutdown());
    const provider = new BasicTracerProvider({ spanProcessors: [processor as never] });
    for (const rate of rates) {
      const attributes = { 'http.request.method': 'GET', 'sentry.sample_rate': rate };
      provider.getTracer('sentry').startSpan('GET', { kind: SpanKind.SERVER, attributes }).end();
    }
    expect(lines.filter((line) => line.includes('[only-sampled]'))).toHaveLength(times);
  },
);
