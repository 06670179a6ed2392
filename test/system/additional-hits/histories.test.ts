import { context, type Span, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, onTestFinished, test } from 'vitest';
import { trackEvent } from '../../../src/index.js';
import { eventually } from '../../support/child-process.js';
import { seededRandom } from '../../support/seed.js';
import { startProcessor } from '../../support/senders.js';

const STEPS = 600;

/** A request under way: what it has sent, and whether some of it had to leave before it ended. */
interface Running {
  readonly name: string;
  readonly span: Span;
  events: number;
  isSplit: boolean;
}

test('in histories of requests, events, ignored requests and flushes every hit is counted, and in order', async () => {
  const random = seededRandom();
  const { inspector, processor, tracer } = await startProcessor({
    ignorePaths: ['/ignored'],
    maxExportBatchSize: 7,
    scheduledDelayMillis: 60_000,
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(() => context.disable());
  const running: Running[] = [];
  const whole: Running[] = [];
  let [pages, events] = [0, 0];

  function begin(name: string): void {
    const isIgnored = random() < 0.2;
    const attributes = {
      'http.request.method': 'GET',
      'url.path': isIgnored ? '/ignored' : `/${name}`,
      'user_agent.original': name,
      'http.response.status_code': 200,
    };
    if (!isIgnored) pages += 1;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes });
    running.push({ name, span, events: 0, isSplit: isIgnored });
  }

  function track(request: Running): void {
    context.with(trace.setSpan(context.active(), request.span), () =>
      trackEvent(request.name, String(request.events + 1)),
    );
    request.events += 1;
    events += 1;
  }

  function end(index: number): void {
    const [request] = running.splice(index, 1);
    request?.span.end();
    if (request && !request.isSplit) whole.push(request);
  }

  for (let step = 0; step < STEPS; step++) {
    const dice = random();
    const index = Math.floor(random() * running.length);
    const request = running[index];
    if (dice < 0.3 || !request) begin(`r${step}`);
    else if (dice < 0.7) track(request);
    else if (dice < 0.97) end(index);
    else {
      for (const one of running) one.isSplit ||= one.events > 0;
      await processor.forceFlush();
    }
    const { hits, pending, tracked, lost } = processor.stats();
    expect(hits).toBe(pending + tracked + lost.queue_full);
  }
  while (running.length > 0) end(0);
  await processor.forceFlush();
  await eventually(() => processor.stats().pending === 0);
  expect(processor.stats()).toMatchObject({ hits: pages + events, additionalHits: events });
  const seen = inspector.hits().map(({ params }) => [params.ua, params.e_a ?? 'page']);
  expect(seen).toHaveLength(pages + events);
  for (const { name, events: count } of whole) {
    const own = seen.filter(([ua]) => ua === name).map(([, what]) => what);
    expect(own).toEqual(['page', ...Array.from({ length: count }, (_, i) => String(i + 1))]);
  }
});
