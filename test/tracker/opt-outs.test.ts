import { expect, test } from 'vitest';
import { trackEvent } from '../../src/index.js';
import { finishedSpan, hitEventOf } from '../support/builders.js';
import { sendSpans, startGateway } from '../support/gateway.js';
import { below, exportRequest, hitEvent, otlpSpan, requestSpan } from '../support/otlp-spans.js';
import { captureOutput } from '../support/output.js';
import { startExporter } from '../support/senders.js';
import { startTracedService } from '../support/traced-service.js';

// Who opts out, and how: test/contracts/hit/ignored.test.ts.

test('an opt-out is for the request and all its events, also those beyond 100', async () => {
  const service = await startTracedService(
    (_request, response) => {
      for (let i = 0; i < 130; i++) trackEvent('at', String(i + 1), { uid: 'ann' });
      response.end();
    },
    { doNotTrack: true, scheduledDelayMillis: 60_000 },
  );
  expect(await service.visit('/a', { headers: { dnt: '1' } })).toEqual([]);
  expect(service.processor.stats()).toMatchObject({
    hits: 0,
    ignored: { do_not_track: 1 },
    dropped: { too_many: 30 },
  });
});

test.each([
  [{}, ['of a request', 'of a job']],
  [{ doNotTrack: true }, ['of a job']],
  [{ consent: 'cookie:consent=yes' }, ['of a job']],
  [{ ignoreAddresses: ['10.0.0.1'] }, ['of a job']],
])('exporter, %j, events of spans without a request: %j', async (options, sent) => {
  const output = captureOutput();
  const { exporter, inspector } = await startExporter(options);
  const event = (e_a: string) => ({ events: [hitEventOf({ e_c: 'at', e_a, uid: 'ann' })] });
  const parentSpanContext = { spanId: 'f'.repeat(16) };
  const spans = [
    finishedSpan({ kind: 0, parentSpanContext, ...event('of a request') }),
    finishedSpan({ kind: 0, ...event('of a job') }),
  ];
  exporter.export(spans, () => undefined);
  await exporter.forceFlush();
  expect(inspector.hits().map(({ params }) => params.e_a)).toEqual(sent);
  expect(output.join('').includes('[request-unknown]')).toBe(sent.length === 1);
});

test('exporter: a call in a span that is not recorded may be of a client that opted out', async () => {
  const { exporter, inspector } = await startExporter({ doNotTrack: true });
  const service = await startTracedService(
    (_request, response) => {
      trackEvent('in', 'request', { uid: 'ann' });
      response.end();
    },
    { enabled: false },
    { sampler: { shouldSample: () => ({ decision: 0 }) } },
  );
  await service.fetch('/a');
  trackEvent('in', 'job', { uid: 'ann' });
  await exporter.forceFlush();
  expect(inspector.hits().map(({ params }) => params.e_a)).toEqual(['job']);
});

test('gateway: events of spans whose request is missing are not sent, those of jobs are', async () => {
  const { gateway, inspector } = await startGateway({
    doNotTrack: true,
    capturedHeaders: ['dnt', 'sec-gpc'],
  });
  const event = (e_a: string) => ({ events: [hitEvent({ e_c: 'at', e_a, uid: 'ann' })] });
  const shown = requestSpan('/shown');
  const hidden = requestSpan('/hidden', {}, { 'http.request.header.DNT': ['1'] });
  const job = otlpSpan({});
  const spans = [
    ...[shown, below(shown, {}, event('shown'))],
    ...[hidden, below(hidden, {}, event('hidden'))],
    ...[job, below(job, {}, event('job'))],
    below(requestSpan('/missing'), {}, event('missing')),
  ];
  await sendSpans(gateway, exportRequest(spans));
  await gateway.close();
  const hits = inspector.hits().map(({ params }) => params.e_a ?? params.action_name);
  expect(new Set(hits)).toEqual(new Set(['GET /shown', 'shown', 'job']));
  expect(gateway.stats().ignored.do_not_track).toBe(1);
});
