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

const PATIENT = { scheduledDelayMillis: 60_000 };

function startSpan(
  kind: SpanKind,
  parent: Span | Context = ROOT_CONTEXT,
  attributes: Attributes = {},
) {
  const around = 'spanContext' in parent ? trace.setSpan(ROOT_CONTEXT, parent) : parent;
  return trace.getTracer('test').startSpan('span', { kind, attributes }, around);
}

/** A request of which only its span is known, as of a server that is not of Node.js. */
function startRequest(path: string, headers: Record<string, string>, parent?: Span) {
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

const start = (options: MatomoOptions) =>
  startTracedService((_request, response) => void response.end(), { ...PATIENT, ...options });

/** Why a request with `dnt: 1` is not to be tracked. */
const REASONS: readonly (readonly [string, MatomoOptions])[] = [
  ['doNotTrack', { doNotTrack: true }],
  ['ignore', { ignore: () => expect.fail('thrown') }],
];

/** Each makes one event of a request that is not to be tracked. */
const ORDERS: Readonly<Record<string, (request: Span) => void>> = {
  'a call under the open request'(request) {
    track(request);
    request.end();
  },
  'an event of the request'(request) {
    addEvent(request);
  },
  'a call under the ended request'(request) {
    request.end();
    track(request);
  },
  'a call under a child that begins after the end of the request'(request) {
    request.end();
    track(startChild(startChild(request)));
  },
  'an event of a child that begins after the end of the request'(request) {
    request.end();
    addEvent(startChild(request));
  },
  'a call under a nested SERVER span that ends after the request'(request) {
    const nested = startRequest('/nested', {}, request);
    request.end();
    track(nested);
    addEvent(nested);
  },
  'a call under a job of the same trace'(request) {
    const job = startSpan(SpanKind.CONSUMER, request);
    request.end();
    track(job);
    addEvent(job);
  },
  'a call beside other requests of its trace'(request) {
    const child = startChild(request);
    const remote = { ...request.spanContext(), isRemote: true };
    const others = ['/other', '/another'].map((path) =>
      startSpan(SpanKind.SERVER, trace.setSpanContext(ROOT_CONTEXT, remote), {
        'http.request.method': 'GET',
        'url.path': path,
        ...capturedHeaders({ dnt: '1' }),
      }),
    );
    request.end();
    for (const other of others) other.end();
    track(child);
    addEvent(child);
  },
};

const ROWS = REASONS.flatMap(([reason, options]) =>
  Object.entries(ORDERS).map(([order, make]) => ({ reason, options, order, make })),
);

test.each(ROWS)(
  'a request that $reason excludes: $order is not sent',
  async ({ options, make }) => {
    captureOutput();
    const service = await start(options);
    make(startRequest('/a', { dnt: '1' }));
    expect(await service.hits()).toEqual([]);
  },
);

test.each(REASONS)(
  '%s: events of jobs are sent, whatever is below them',
  async (_reason, options) => {
    captureOutput();
    const service = await start(options);
    const traceId = '1'.repeat(32);
    const remote = trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId: '1'.repeat(16),
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
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
  },
);

test('a call under a child of an ended request and an event of it are of no other request, in whose async context they run', async () => {
  captureOutput();
  let late: Span | undefined;
  const service = await startTracedService(
    (request, response) => {
      const active = trace.getActiveSpan() as Span;
      if (request.url === '/first') late = startChild(active);
      else {
        track(late as Span);
        addEvent(late as Span);
      }
      response.end();
    },
    { ...PATIENT, doNotTrack: true },
  );
  await service.fetch('/first', { headers: { dnt: '1' } });
  await service.requests(1);
  await service.fetch('/second');
  await service.requests(2);
  expect((await service.hits()).map(({ params }) => params.e_a)).toEqual([undefined]);
});

test('a call under a span that is not recorded may be of a request that was not to be tracked', async () => {
  const output = captureOutput();
  const service = await startTracedService(
    (_request, response) => void response.end(),
    { ...PATIENT, doNotTrack: true },
    { sampler: { shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }) } },
  );
  track(startSpan(SpanKind.INTERNAL));
  expect(await service.hits()).toEqual([]);
  expect(output.join('')).toContain('[request-unknown]');
});
