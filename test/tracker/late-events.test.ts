import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import type { MatomoOptions } from '../../src/options.js';
import { capturedHeaders } from '../support/builders.js';
import { captureOutput } from '../support/output.js';
import { startTracedService } from '../support/traced-service.js';

const OPTIONS = { doNotTrack: true, scheduledDelayMillis: 60_000 };

function startSpan(
  kind: SpanKind,
  parent: Span | Context = ROOT_CONTEXT,
  attributes: Attributes = {},
) {
  const around = 'spanContext' in parent ? trace.setSpan(ROOT_CONTEXT, parent) : parent;
  return trace.getTracer('test').startSpan('span', { kind, attributes }, around);
}

/** A request of which only its span is known, as of a server that is not of Node.js. */
function startRequest(path: string, headers: Record<string, string>, parent?: Span | Context) {
  return startSpan(SpanKind.SERVER, parent, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.path': path,
    ...capturedHeaders(headers),
  });
}

const startChild = (parent: Span) => startSpan(SpanKind.INTERNAL, parent);

function track(under: Span, name = 'event') {
  const parameters = { uid: 'ann', idsite: 1 };
  context.with(trace.setSpan(ROOT_CONTEXT, under), () => trackEvent('late', name, parameters));
}

function addEvent(span: Span, name = 'event') {
  const named = { 'matomo.e_c': 'late', 'matomo.e_a': name };
  span.addEvent('matomo.hit', { ...named, 'matomo.uid': 'ann', 'matomo.idsite': 1 });
  span.end();
}

const start = (sdkOptions = {}, options: MatomoOptions = OPTIONS) =>
  startTracedService((_request, response) => void response.end(), options, sdkOptions);
/** An SDK that records no spans. */
const UNRECORDED = { sampler: { shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }) } };

test('no event of a request that opted out is sent after its end, wherever it comes from', async () => {
  const service = await start();
  const begin = (path = '/a', parent?: Span | Context) => startRequest(path, { dnt: '1' }, parent);
  const ended = () => {
    const request = begin();
    request.end();
    return request;
  };
  track(ended(), 'call under the request');
  track(startChild(startChild(ended())), 'call under a child that begins later');
  addEvent(startChild(ended()), 'event of a child that begins later');

  for (const [name, startInner] of [
    ['a nested SERVER span', (request: Span) => startRequest('/nested', {}, request)],
    ['a job', (request: Span) => startSpan(SpanKind.CONSUMER, request)],
  ] as const) {
    const outer = begin();
    const inner = startInner(outer);
    outer.end();
    track(inner, `call under ${name}`);
    addEvent(inner, `event of ${name}`);
  }

  const request = begin();
  const child = startChild(request);
  const remote = { ...request.spanContext(), isRemote: true };
  const around = trace.setSpanContext(ROOT_CONTEXT, remote);
  const others = ['/other', '/another'].map((path) => begin(path, around));
  for (const each of [request, ...others]) each.end();
  track(child, 'call beside other requests of the trace');
  addEvent(child, 'event beside other requests of the trace');
  expect((await service.hits()).map(({ params }) => params.e_a)).toEqual([]);
});

test('events of jobs are sent, whatever is below them', async () => {
  const service = await start();
  const remote = trace.setSpanContext(ROOT_CONTEXT, {
    ...{ traceId: '1'.repeat(32), spanId: '1'.repeat(16) },
    ...{ traceFlags: TraceFlags.SAMPLED, isRemote: true },
  });
  const jobs = [startSpan(SpanKind.INTERNAL), startSpan(SpanKind.CONSUMER, remote)];
  for (const [i, job] of jobs.entries()) {
    const child = startChild(startChild(job));
    track(job, `call ${i}`);
    track(child, `call below ${i}`);
    addEvent(job, `event ${i}`);
    addEvent(child, `event below ${i}`);
    track(child, `later ${i}`);
  }
  trackEvent('late', 'no span', { uid: 'ann', idsite: 1 });
  const sent = (await service.hits()).map(({ params }) => params.e_a);
  const names = ['call', 'call below', 'event', 'event below', 'later'];
  expect(new Set(sent)).toEqual(
    new Set(['no span', ...jobs.flatMap((_job, i) => names.map((name) => `${name} ${i}`))]),
  );
});

test('a call under a child of an ended request and an event of it are of no other request, in whose async context they run', async () => {
  let late: Span | undefined;
  const service = await startTracedService((request, response) => {
    const active = trace.getActiveSpan() as Span;
    if (request.url === '/first') late = startChild(active);
    else {
      track(late as Span);
      addEvent(late as Span);
    }
    response.end();
  }, OPTIONS);
  await service.fetch('/first', { headers: { dnt: '1' } });
  await service.requests(1);
  await service.fetch('/second');
  await service.requests(2);
  expect((await service.hits()).map(({ params }) => params.e_a)).toEqual([undefined]);
});

test('a call under a span that is not recorded may be of a request that was not to be tracked', async () => {
  const output = captureOutput();
  const service = await start(UNRECORDED);
  track(startSpan(SpanKind.INTERNAL));
  expect(await service.hits()).toEqual([]);
  expect(output.join('')).toContain('[request-unknown]');
});
